import { postgresStore } from '../../src/stores/postgres.ts'
import { startPostgres } from '../stores/postgres-server.ts'
import { describeReplicas } from './replicas.ts'

describeReplicas('Postgres', async () => {
  const server = await startPostgres(['synchronous_commit=on'])
  return {
    freeze: () => server.freeze(),
    thaw: () => server.thaw(),
    kill: () => server.kill(),
    start: () => server.start(),
    remove: () => server.remove(),
    open: () => postgresStore({ url: server.url('holdfast') }),
  }
})
