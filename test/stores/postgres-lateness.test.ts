import { Client } from 'pg'
import { expect, it, onTestFinished } from 'vitest'
import { StoreError } from '../../src/core/errors.ts'
import { postgresStore } from '../../src/stores/postgres.ts'
import { bytes, created } from '../../src/testing/records.ts'
import { startPostgres } from './postgres-server.ts'

it('P6: who writes more at once than can be written is refused in time, and costs nobody else a connection', async () => {
  const server = await startPostgres()
  onTestFinished(() => server.remove())
  const store = await postgresStore({ url: server.url('flooded') })
  onTestFinished(() => store.close())
  const session = await created(store)
  const backends = async (): Promise<number> => {
    const query = `SELECT count(*) AS n FROM pg_stat_activity WHERE application_name = 'holdfast'`
    return Number((await server.sql(query))[0]?.n)
  }
  const opened = async (): Promise<number> => {
    const rows = await server.sql(
      `SELECT sum(sessions) AS n FROM pg_stat_database WHERE datname = 'postgres'`,
    )
    return Number(rows[0]?.n)
  }
  const scope = { sid: session.sid, name: 'one' }
  // Another holds the session's row for longer than anybody's second.
  const holder = new Client({ connectionString: server.url('flooded').replace(/\?.*/, '') })
  await holder.connect()
  onTestFinished(() => holder.end())
  await holder.query('BEGIN')
  await holder.query('SELECT FROM flooded.sessions FOR UPDATE')
  const began = performance.now()
  const late: unknown[] = []
  let longest = 0
  await Promise.all(
    Array.from({ length: 600 }, () =>
      store
        .writeState(scope, [{ key: 'k', value: bytes('v') }])
        .catch((error: unknown) => late.push(error))
        .finally(() => {
          longest = performance.now() - began
        }),
    ),
  )
  await holder.query('ROLLBACK')
  expect(late).toHaveLength(600)
  expect(late.every((error) => error instanceof StoreError)).toBe(true)
  expect(late.filter((error) => String(error).includes('Nothing was changed')).length).toBeGreaterThan(500)
  // A second, and what a busy machine adds.
  expect(longest).toBeLessThan(3_000)
  expect(await backends()).toBeLessThan(12)
  expect(await opened()).toBeLessThan(60)
}, 30_000)
