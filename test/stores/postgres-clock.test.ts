import { afterEach, expect, it, onTestFinished, vi } from 'vitest'
import { postgresStore } from '../../src/stores/postgres.ts'
import { created } from '../../src/testing/records.ts'
import { startPostgres } from './postgres-server.ts'

afterEach(() => void vi.useRealTimers())

it('P8: a clock of the server that is ahead alone removes nothing: who sweeps must find it over, too', async () => {
  const server = await startPostgres()
  onTestFinished(() => server.remove())
  const store = await postgresStore({ url: server.url('ahead') })
  onTestFinished(() => store.close())
  const deadline = Date.now() - 1_000
  await created(store, { user: 'anna', createdAt: deadline - 60_000, idleAt: deadline, absoluteAt: deadline })
  // To this process it is a month earlier than to the server.
  vi.useFakeTimers({ toFake: ['Date'], now: deadline - 31 * 86_400_000 })
  expect(await store.sweep(1_000)).toBe(0)
  vi.useRealTimers()
  expect(await store.sweep(1_000)).toBe(1)
}, 30_000)

it('a clock of who sweeps that is ahead alone removes nothing either', async () => {
  const server = await startPostgres()
  onTestFinished(() => server.remove())
  const store = await postgresStore({ url: server.url('behind') })
  onTestFinished(() => store.close())
  const now = Date.now()
  await created(store, {
    user: 'anna',
    createdAt: now,
    idleAt: now + 86_400_000,
    absoluteAt: now + 86_400_000,
  })
  vi.useFakeTimers({ toFake: ['Date'], now: now + 31 * 86_400_000 })
  expect(await store.sweep(1_000)).toBe(0)
}, 30_000)
