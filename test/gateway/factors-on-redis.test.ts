import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe } from 'vitest'
import { redisStore } from '../../src/stores/redis.ts'
import { type RedisServer, startRedis } from '../stores/redis-server.ts'
import { describeFactors } from './factor-stores.ts'

describe('a second factor, with the Redis store', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis({ appendonly: 'yes', appendfsync: 'always' })
  })
  afterAll(() => server.stop())

  describeFactors(async () => {
    const prefix = `t${randomBytes(4).toString('hex')}`
    return () => redisStore({ url: `redis://127.0.0.1:${server.port}?prefix=${prefix}` })
  })
})
