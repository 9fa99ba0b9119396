import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { redisStore } from '../../src/stores/redis.ts'
import { current } from '../../src/testing/opened-store.ts'
import { begunNow, created, liveOf, record, rotated } from '../../src/testing/records.ts'
import { type RedisCluster, startCluster } from './redis-cluster.ts'
import { type RedisServer, startRedis } from './redis-server.ts'

let server: RedisServer
let cluster: RedisCluster

beforeAll(async () => {
  ;[server, cluster] = await Promise.all([startRedis(), startCluster()])
}, 60_000)

afterAll(() => Promise.all([server.stop(), cluster.stop()]))

const cases = [
  { where: 'a server', at: () => ({ url: `redis://127.0.0.1:${server.port}`, nodes: [server] }) },
  { where: 'a cluster', at: () => ({ url: cluster.url, nodes: cluster.nodes }) },
]

describe.each(cases)('$where whose memory is full', ({ at }) => {
  it('P2: SECURITY: revokes one or everybody, keeps who is in, and lets nobody new in', async () => {
    const { url, nodes } = at()
    const limit = (bytes: string) =>
      Promise.all(nodes.map((node) => node.command('CONFIG', 'SET', 'maxmemory', bytes)))
    const [store, other] = [await redisStore({ url }), await redisStore({ url })]
    try {
      const now = Date.now()
      const own = { createdAt: now, idleAt: now + 60_000, absoluteAt: now + 3_600_000 }
      const [kelp, dulse] = [await created(store, own), await created(store, own)]
      const next = await rotated(store, dulse)
      await Promise.all([current(store), current(other)])
      await limit('1')

      expect(await store.touch(next.id, now + 120_000)).toBe(true)
      expect((await liveOf(other, next.id)).idleAt).toBe(now + 120_000)
      expect(await store.present(next.id)).toBe(true)

      await store.revoke({ user: String(kelp.user) }, now)
      expect(await other.read(kelp.id)).toBeNull()
      expect((await other.read(next.id))?.state).toBe('live')
      await store.revoke('all', now)
      expect(await other.read(next.id)).toBeNull()

      const begun = await begunNow(store)
      await expect(store.create(record({ ...own, begun }))).rejects.toMatchObject({ code: 'ERR_STORE_FULL' })
    } finally {
      await limit('0')
      await Promise.all([store.close(), other.close()])
    }
  }, 30_000)
})
