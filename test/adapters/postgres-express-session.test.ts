import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expressSession } from '../../src/imports/express-session.ts'
import { postgresStore } from '../../src/stores/postgres.ts'
import { goldenExpress, madeAt } from '../imports/golden.ts'
import { type PostgresServer, startPostgres } from '../stores/postgres-server.ts'
import { roundTrip } from './legacy-round-trip.ts'

let server: PostgresServer

beforeAll(async () => {
  server = await startPostgres()
}, 30_000)
afterAll(() => server.remove())

describe('req.session in PostgreSQL', () => {
  roundTrip((now) => postgresStore({ url: server.url('legacy'), now, patienceMs: 10_000 }))

  it('reads what connect-pg-simple left there: a row of JSON under the bare id', async () => {
    const { sid, record, setCookie } = goldenExpress.sessions.login
    const client = new Client({ connectionString: server.url('public') })
    await client.connect()
    try {
      await client.query(
        'CREATE TABLE session (sid varchar PRIMARY KEY, sess json NOT NULL, expire timestamp(6))',
      )
      await client.query('INSERT INTO session VALUES ($1, $2, to_timestamp($3))', [
        sid,
        record,
        madeAt / 1000 + 60,
      ])
      const old = expressSession({
        secret: goldenExpress.secret,
        prefix: '',
        async read(key) {
          const { rows } = await client.query('SELECT sess::text FROM session WHERE sid = $1', [key])
          return rows[0]?.sess ?? null
        },
      })
      const cookie = setCookie.split(';', 1)[0] ?? ''
      expect(await old.read({ cookie }, madeAt)).toMatchObject({ user: 'anna' })
    } finally {
      await client.end()
    }
  })
})
