import { setImmediate as nextTurn } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectPostgres } from '../../src/stores/postgres-connection.ts'
import { type PostgresServer, startPostgres } from './postgres-server.ts'

let server: PostgresServer

beforeAll(async () => {
  server = await startPostgres()
}, 30_000)

afterAll(async () => {
  await server.remove()
})

/** Keeps the process busy, so that timers are late and answers lie waiting. */
function block(ms: number): void {
  const until = performance.now() + ms
  while (performance.now() < until);
}

describe('connectPostgres()', () => {
  it('takes an answer that lay waiting while the process was busy, and leaves the connection whole', async () => {
    const config = { connectionString: server.url('none').replace(/\?.*/, '') }
    const connection = await connectPostgres(config, { connectMs: 5000, statementMs: 250 })
    try {
      for (let round = 0; round < 3; round++) {
        const answer = connection.query('SELECT $1::text', ['x'], 100)
        await nextTurn()
        block(600)
        expect(await answer).toEqual([['x']])
        // A time limit that was reached in the meantime must not hit whoever has the connection now.
        await nextTurn()
        await nextTurn()
        expect(connection.isUsable).toBe(true)
      }
    } finally {
      connection.destroy()
    }
  })

  it('gives up a server that does not answer, and the connection with it', async () => {
    const config = { connectionString: server.url('none').replace(/\?.*/, '') }
    const connection = await connectPostgres(config, { connectMs: 5000, statementMs: 250 })
    let isOver = false
    connection.onEnd(() => {
      isOver = true
    })
    server.freeze()
    try {
      await expect(connection.query('SELECT 1', [], 50)).rejects.toThrow('no answer within 50 ms')
      expect([isOver, connection.isUsable]).toEqual([true, false])
      await expect(connectPostgres(config, { connectMs: 50, statementMs: 250 })).rejects.toThrow('no answer')
    } finally {
      server.thaw()
    }
  })
})
