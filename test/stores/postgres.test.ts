import { afterAll, beforeAll } from 'vitest'
import type { SessionStore } from '../../src/core/contracts.ts'
import { postgresStore } from '../../src/stores/postgres.ts'
import { startAt } from '../../src/testing/records.ts'
import { describeStore } from './contract.ts'
import { type PostgresServer, startPostgres } from './postgres-server.ts'

// Hundreds of calls at once, each with a sync of the disk, on a machine that may be doing something else.
const patienceMs = 10_000

let server: PostgresServer
let schemas = 0

beforeAll(async () => {
  server = await startPostgres()
}, 30_000)

afterAll(async () => {
  await server.remove()
})

describeStore('postgresStore()', async () => {
  const url = server.url(`contract_${schemas++}`)
  let at = startAt
  const handles: SessionStore[] = []
  const open = async (): Promise<SessionStore> => {
    const store = await postgresStore({ url, now: () => at, patienceMs })
    handles.push(store)
    return store
  }
  return {
    store: await open(),
    reopen: open,
    advance(ms) {
      at += ms
    },
    async close() {
      for (const store of handles) await store.close()
    },
  }
})
