import { afterAll, beforeAll } from 'vitest'
import { describeStore } from './contract.ts'
import { opensAt } from './redis-opened.ts'
import { type RedisServer, startRedis } from './redis-server.ts'

let server: RedisServer

beforeAll(async () => {
  server = await startRedis()
})

afterAll(() => server.stop())

describeStore(
  'redisStore() on one server',
  opensAt(() => `redis://127.0.0.1:${server.port}`),
)
