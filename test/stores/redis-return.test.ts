import { afterEach, expect, it } from 'vitest'
import { redisStore } from '../../src/stores/redis.ts'
import { changesOf, current } from '../../src/testing/opened-store.ts'
import { bytes, record } from '../../src/testing/records.ts'
import { startRedis, until } from './redis-server.ts'

const opened: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close()
}, 30_000)

const live = () => {
  const now = Date.now()
  return record({ createdAt: now, idleAt: now + 3_600_000, absoluteAt: now + 7_200_000 })
}

it('P1: SECURITY: a Redis that was emptied acknowledges nothing that others do not know, though it has forgotten them', async () => {
  const redis = await startRedis()
  opened.push(() => redis.stop())
  const open = () => redisStore({ url: `redis://127.0.0.1:${redis.port}` })
  const [one, two] = [await open(), await open()]
  opened.push(
    () => one.close(),
    () => two.close(),
  )
  for (let round = 0; round < 8; round++) {
    const session = live()
    await one.create(session)
    await one.update(session.id, 1, bytes('more'))
    await Promise.all([current(one), current(two)])
    const changes = changesOf(two)
    await redis.command('FLUSHALL')
    // Before or after a beat of either.
    await new Promise((resolve) => setTimeout(resolve, round * 30))
    await one.revoke('all', Date.now())
    // Whoever serves from memory has been told to forget it.
    expect(changes.length > 0 || !two.isCurrent()).toBe(true)
  }
}, 60_000)

it('a store that answers from memory again after an outage takes writes, too', async () => {
  const redis = await startRedis()
  opened.push(() => redis.stop())
  const stores = await Promise.all(
    Array.from({ length: 8 }, () => redisStore({ url: `redis://127.0.0.1:${redis.port}` })),
  )
  opened.push(...stores.map((store) => () => store.close()))
  await Promise.all(stores.map(current))
  await redis.kill()
  // All of them have given up by then, each of their connections by itself, and try now and then.
  const begun = performance.now()
  await until(async () => performance.now() - begun > 3000, 'they try no more than now and then')
  await redis.restart()
  await Promise.all(
    stores.map(async (store) => {
      await current(store)
      expect(await store.create(live())).toBe('created')
    }),
  )
}, 30_000)
