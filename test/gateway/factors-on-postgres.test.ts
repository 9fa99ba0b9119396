import { afterAll, beforeAll, describe } from 'vitest'
import { postgresStore } from '../../src/stores/postgres.ts'
import { type PostgresServer, startPostgres } from '../stores/postgres-server.ts'
import { describeFactors } from './factor-stores.ts'

describe('a second factor, with the Postgres store', () => {
  let server: PostgresServer
  let schemas = 0
  beforeAll(async () => {
    server = await startPostgres(['synchronous_commit=on'])
  }, 60_000)
  afterAll(() => server.remove())

  describeFactors(async () => {
    const url = server.url(`factors${schemas++}`)
    return () => postgresStore({ url })
  })
})
