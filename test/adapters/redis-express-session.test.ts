import { createClient } from 'redis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expressSession } from '../../src/imports/express-session.ts'
import { redisStore } from '../../src/stores/redis.ts'
import { goldenExpress, madeAt } from '../imports/golden.ts'
import { type RedisServer, startRedis } from '../stores/redis-server.ts'
import { roundTrip } from './legacy-round-trip.ts'

let redis: RedisServer
const url = (): string => `redis://127.0.0.1:${redis.port}`

beforeAll(async () => {
  redis = await startRedis()
})
afterAll(() => redis.stop())

describe('req.session in Redis', () => {
  roundTrip((now) => redisStore({ url: url(), now }))

  it('reads what connect-redis left there: a key with a prefix, JSON, and a time to live', async () => {
    const { sid, record, setCookie } = goldenExpress.sessions.login
    const client = await createClient({ url: url() }).connect()
    try {
      await client.set(`sess:${sid}`, record, { EX: 60 })
      const old = expressSession({ secret: goldenExpress.secret, read: (key) => client.get(key) })
      const cookie = setCookie.split(';', 1)[0] ?? ''
      expect(await old.read({ cookie }, madeAt)).toMatchObject({
        user: 'anna',
        data: { cart: [1, { n: null }] },
      })
      await client.del(`sess:${sid}`)
      expect(await old.read({ cookie }, madeAt)).toBeNull()
    } finally {
      await client.close()
    }
  })
})
