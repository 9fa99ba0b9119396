import { expect, it, onTestFinished } from 'vitest'
import { postgresStore } from '../../src/stores/postgres.ts'
import { created } from '../../src/testing/records.ts'
import { startPostgres } from './postgres-server.ts'

it('P1: after a fail-over that lost the newest numbers a revocation ends what was begun with one of them', async () => {
  const server = await startPostgres()
  onTestFinished(() => server.remove())
  const store = await postgresStore({ url: server.url('behind') })
  onTestFinished(() => store.close())
  // As a process says that has heard of seven revocations, where the promoted standby has heard of none.
  const { number } = await store.mark(null)
  const anna = await created(store, { user: 'anna', begun: number + 7 })
  const ben = await created(store, { user: 'ben', begun: number + 7 })
  await store.revoke({ user: 'anna' }, Date.now())
  expect(await store.read(anna.id)).toBeNull()
  expect((await store.read(ben.id))?.state).toBe('live')
  await store.revoke('all', Date.now())
  expect(await store.read(ben.id)).toBeNull()
  expect((await store.mark(null)).number).toBe(number + 9)
}, 30_000)
