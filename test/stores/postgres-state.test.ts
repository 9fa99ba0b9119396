import { afterAll, beforeAll } from 'vitest'
import { postgresStore } from '../../src/stores/postgres.ts'
import { describeTabs } from '../core/state-histories.ts'
import { type PostgresServer, startPostgres } from './postgres-server.ts'

let server: PostgresServer

beforeAll(async () => {
  server = await startPostgres()
}, 30_000)

afterAll(() => server.remove())

describeTabs(
  'PostgreSQL',
  async (_, { now }) => {
    const open = () => postgresStore({ url: server.url('tabs'), now, patienceMs: 10_000 })
    return [await open(), await open()]
  },
  15,
)
