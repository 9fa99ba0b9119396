import { afterAll, beforeAll } from 'vitest'
import { describeStore } from './contract.ts'
import { opensAt } from './redis-opened.ts'
import { startWatched, type WatchedRedis } from './redis-sentinel.ts'

let watched: WatchedRedis

beforeAll(async () => {
  watched = await startWatched()
}, 60_000)

afterAll(() => watched.stop())

describeStore(
  'redisStore() behind Sentinel, every write confirmed by a replica',
  opensAt(() => watched.url),
)
