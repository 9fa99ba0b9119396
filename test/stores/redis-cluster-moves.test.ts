import { afterEach, describe, expect, it } from 'vitest'
import { type RedisStore, redisStore } from '../../src/stores/redis.ts'
import { redisAddress } from '../../src/stores/redis-address.ts'
import { bucketsOf } from '../../src/stores/redis-locate.ts'
import { all } from '../../src/testing/opened-store.ts'
import { record } from '../../src/testing/records.ts'
import { type RedisCluster, startCluster } from './redis-cluster.ts'
import { type RedisServer, until } from './redis-server.ts'

const open: (RedisCluster | RedisStore)[] = []

afterEach(async () => {
  for (const one of open.splice(0).reverse()) await ('stop' in one ? one.stop() : one.close())
}, 30_000)

async function clusterWithStore(replicas: number): Promise<readonly [RedisCluster, RedisStore]> {
  const cluster = await startCluster(3, replicas)
  open.push(cluster)
  const store = await redisStore({ url: cluster.url })
  open.push(store)
  return [cluster, store]
}

const live = () => {
  const now = Date.now()
  return record({ createdAt: now, idleAt: now + 3_600_000, absoluteAt: now + 7_200_000 })
}

async function made(store: RedisStore, count: number) {
  const sessions = Array.from({ length: count }, live)
  for (const session of sessions) expect(await store.create(session)).toBe('created')
  return sessions
}

const slotOf = async (node: RedisServer, key: string): Promise<number> =>
  Number(await node.command('CLUSTER', 'KEYSLOT', key))

describe('a cluster', { timeout: 60_000 }, () => {
  it('has each bucket in one slot, and the buckets spread over all of them', async () => {
    const [{ nodes }] = await clusterWithStore(0)
    const buckets = bucketsOf(redisAddress('redis+cluster://a'))
    const [node] = nodes
    if (node === undefined) throw new Error('No node.')
    for (const [index, { prefix }] of buckets.entries()) {
      const slot = await slotOf(node, prefix)
      expect(await slotOf(node, `${prefix}s:anything`)).toBe(slot)
      expect(Math.floor(slot / 2048)).toBe(index)
    }
  })

  it('never takes a session for ended while its slot is being moved, and finds all of them afterwards', async () => {
    const [{ nodes }, store] = await clusterWithStore(0)
    const sessions = await made(store, 40)
    const [first, second] = nodes
    if (first === undefined || second === undefined) throw new Error('No nodes.')
    const [bucket] = bucketsOf(redisAddress('redis+cluster://a'))
    const slot = `${await slotOf(first, bucket?.prefix ?? '')}`
    const [from, to] = [
      String(await first.command('CLUSTER', 'MYID')),
      String(await second.command('CLUSTER', 'MYID')),
    ]

    const answers = { live: 0, refused: 0 }
    let isMoving = true
    const reading = (async () => {
      while (isMoving) {
        for (const { id } of sessions) {
          const state = await store.read(id).then(
            (found) => found?.state ?? 'ended',
            (error: { code: string }) => error.code,
          )
          expect(['live', 'ERR_STORE_UNAVAILABLE', 'ERR_STORE_TIMEOUT']).toContain(state)
          if (state === 'live') answers.live += 1
          else answers.refused += 1
        }
      }
    })()
    await second.command('CLUSTER', 'SETSLOT', slot, 'IMPORTING', from)
    await first.command('CLUSTER', 'SETSLOT', slot, 'MIGRATING', to)
    for (;;) {
      const keys = (await first.command('CLUSTER', 'GETKEYSINSLOT', slot, '3')) as unknown[]
      if (keys.length === 0) break
      await first.command(
        'MIGRATE',
        '127.0.0.1',
        `${second.port}`,
        '',
        '0',
        '1000',
        'KEYS',
        ...keys.map(String),
      )
      // A call tries for a second; a move that is over by then it never notices.
      await until(async () => answers.refused > 0, 'somebody is refused while the slot is half moved')
    }
    for (const node of nodes) await node.command('CLUSTER', 'SETSLOT', slot, 'NODE', to)
    isMoving = false
    await reading
    expect(answers.live).toBeGreaterThan(0)
    expect(answers.refused).toBeGreaterThan(0)
    for (const { id } of sessions) {
      await until(
        async () => (await store.read(id))?.state === 'live',
        'each session is found where it is now',
      )
    }
    expect(await all(store.scan())).toHaveLength(sessions.length)
    await until(async () => store.isCurrent(), 'the store is current again')
    expect(await store.end(sessions[0]?.sid ?? '')).toBe(true)
  })

  it('follows when a replica takes a primary’s place', async () => {
    const [{ nodes }, store] = await clusterWithStore(1)
    const sessions = await made(store, 12)
    const ended = sessions.slice(0, 6)
    for (const { sid } of ended) expect(await store.end(sid)).toBe(true)
    await nodes[0]?.kill()
    const killed = performance.now()
    for (const [index, { id }] of sessions.entries()) {
      const expected = index < ended.length ? undefined : 'live'
      await until(async () => (await store.read(id))?.state === expected, 'it is as before')
    }
    expect(performance.now() - killed).toBeLessThan(10_000)
  })
})
