import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { redisStore } from '../../src/stores/redis.ts'
import { redisAddress } from '../../src/stores/redis-address.ts'
import { bucketOf, bucketsOf } from '../../src/stores/redis-locate.ts'
import { begunNow, created, record } from '../../src/testing/records.ts'
import { type RedisCluster, startCluster } from './redis-cluster.ts'

let cluster: RedisCluster

beforeAll(async () => {
  cluster = await startCluster()
}, 60_000)

afterAll(() => cluster.stop())

const own = () => ({ absoluteAt: Date.now() + 3_600_000 })

/** As a fail-over does that lost the last moments: of the server that numbers are taken from, and of no other. */
async function loseNumbers(prefix: string): Promise<void> {
  const buckets = bucketsOf(redisAddress(`${cluster.url}?prefix=${prefix}`))
  const lost = buckets[bucketOf('mark', buckets.length)]?.prefix
  const keys = ['mark', 'epoch', 'epochs', 'at', 'ats'].map((name) => `${lost}${name}`)
  const answers = await Promise.allSettled(cluster.nodes.map((node) => node.command('DEL', ...keys)))
  expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
}

describe('a cluster that lost the newest numbers of revocations', { timeout: 30_000 }, () => {
  it('P2: SECURITY: ends whoever began after the lost ones by those that get their numbers', async () => {
    const store = await redisStore({ url: `${cluster.url}?prefix=kelp` })
    try {
      for (let count = 0; count < 3; count++) await store.revoke({ user: 'somebody' }, 5)
      const begun = await begunNow(store)
      // In every bucket.
      const kept = await Promise.all(
        Array.from({ length: 24 }, () => created(store, { ...own(), user: 'kelp', begun })),
      )
      await loseNumbers('kelp')
      expect(await begunNow(store)).toBeLessThan(begun)
      await store.revoke({ user: 'kelp' }, 5)
      for (const { id } of kept) expect(await store.read(id)).toBeNull()
      expect(await begunNow(store)).toBeGreaterThan(begun)
    } finally {
      await store.close()
    }
  })

  it('refuses nobody more than once for a revocation that it has lost the number of', async () => {
    const store = await redisStore({ url: `${cluster.url}?prefix=dulse` })
    try {
      await store.revoke('all', 5)
      await loseNumbers('dulse')
      const answers: string[] = []
      for (let count = 0; count < 16; count++) {
        answers.push(await store.create(record({ ...own(), begun: await begunNow(store) })))
      }
      expect(answers.filter((answer) => answer === 'revoked')).toHaveLength(1)
      expect(answers.at(-1)).toBe('created')
    } finally {
      await store.close()
    }
  })
})
