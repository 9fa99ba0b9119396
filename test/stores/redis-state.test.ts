import { afterAll, beforeAll } from 'vitest'
import { redisStore } from '../../src/stores/redis.ts'
import { describeTabs } from '../core/state-histories.ts'
import { type RedisServer, startRedis } from './redis-server.ts'

let server: RedisServer

beforeAll(async () => {
  server = await startRedis()
})

afterAll(() => server.stop())

describeTabs(
  'Redis',
  async (_, { now }) => {
    const open = () => redisStore({ url: `redis://127.0.0.1:${server.port}`, now })
    return [await open(), await open()]
  },
  40,
)
