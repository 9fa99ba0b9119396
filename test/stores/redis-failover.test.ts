import { afterEach, describe, expect, it } from 'vitest'
import type { StoreErrorCode } from '../../src/core/errors.ts'
import { type RedisStore, redisStore } from '../../src/stores/redis.ts'
import { current } from '../../src/testing/opened-store.ts'
import { record } from '../../src/testing/records.ts'
import { startWatched, type WatchedRedis } from './redis-sentinel.ts'
import { type RedisServer, until } from './redis-server.ts'

const open: (WatchedRedis | RedisStore)[] = []

afterEach(async () => {
  for (const one of open.splice(0).reverse()) await ('stop' in one ? one.stop() : one.close())
}, 30_000)

async function watched(replicas: number): Promise<WatchedRedis> {
  const found = await startWatched(replicas)
  open.push(found)
  return found
}

async function storeAt(url: string): Promise<RedisStore> {
  const store = await redisStore({ url })
  open.push(store)
  return store
}

const live = () => {
  const now = Date.now()
  return record({ createdAt: now, idleAt: now + 3_600_000, absoluteAt: now + 7_200_000 })
}

async function codeOf(call: Promise<unknown>): Promise<StoreErrorCode | 'answered'> {
  return call.then(
    () => 'answered' as const,
    (error: { code: StoreErrorCode }) => error.code,
  )
}

/** Cuts the replicas off, as in a partition: what they are told from now on never arrives. */
async function freezeReplicas(
  { servers }: WatchedRedis,
  primary: RedisServer,
): Promise<readonly RedisServer[]> {
  const replicas = servers.filter((server) => server !== primary)
  for (const replica of replicas) replica.freeze()
  await primary.command('CLIENT', 'KILL', 'TYPE', 'replica')
  return replicas
}

// A sentinel that a busy machine kept from running for two seconds does nothing for thirty (TILT).
const elected = 60_000

describe('a fail-over', { timeout: 120_000 }, () => {
  it('keeps sessions, and what was acknowledged as ended stays ended', async () => {
    const redis = await watched(2)
    const store = await storeAt(redis.url)
    const [kept, ended] = [live(), live()]
    await store.create(kept)
    await store.create(ended)
    const primary = await redis.primary()
    expect(await store.end(ended.sid)).toBe(true)
    await primary.kill()
    await until(
      async () => (await store.read(kept.id))?.state === 'live',
      'the session is read again',
      elected,
    )
    expect(await redis.primary()).not.toBe(primary)
    expect(await store.read(ended.id)).toBeNull()
    // One that could not be confirmed may have been made: the next finds nothing to end.
    await until(
      async () => (await codeOf(store.end(kept.sid))) === 'answered',
      'a session can be ended again',
    )
    await current(store)

    // The old primary comes back with what it had, and is told.
    await primary.restart()
    await until(
      async () => String(await primary.command('INFO', 'replication')).includes('role:slave'),
      'the old primary follows',
    )
    expect(await store.read(kept.id)).toBeNull()
    expect(await store.read(ended.id)).toBeNull()
  })

  it('acknowledges nothing that no replica has, and says that it is unknown', async () => {
    const redis = await watched(2)
    const store = await storeAt(redis.url)
    const session = live()
    await store.create(session)
    const primary = await redis.primary()
    const replicas = await freezeReplicas(redis, primary)
    const begun = performance.now()
    expect(await codeOf(store.end(session.sid))).toBe('ERR_STORE_TIMEOUT')
    // A second, and what a busy machine adds.
    expect(performance.now() - begun).toBeLessThan(2_000)
    // Cut off from its majority, it may have been replaced: it cannot tell who is in, not even from memory.
    expect(store.isCurrent()).toBe(false)
    expect(await codeOf(store.read(session.id))).toBe('ERR_STORE_TIMEOUT')
    for (const replica of replicas) replica.thaw()
    await until(async () => (await codeOf(store.read(session.id))) === 'answered', 'it can be read again')
    await current(store)
  })

  it('reads on with a single replica that is away, but acknowledges no write', async () => {
    const redis = await watched(1)
    const store = await storeAt(redis.url)
    expect(store.warnings.join(' ')).toContain('One replica')
    const session = live()
    await store.create(session)
    const [replica] = await freezeReplicas(redis, await redis.primary())
    expect((await store.read(session.id))?.state).toBe('live')
    expect(await codeOf(store.create(live()))).toBe('ERR_STORE_TIMEOUT')
    expect(await codeOf(store.end(session.sid))).toBe('ERR_STORE_TIMEOUT')
    replica?.thaw()
    await until(async () => (await store.create(live())) === 'created', 'it can be written again')
  })

  it('loses what was acknowledged only where that was said: relaxed mode with a replica', async () => {
    const redis = await watched(1)
    const store = await storeAt(`${redis.url}?mode=relaxed`)
    expect(store.warnings.join(' ')).toContain('may bring back sessions')
    const session = live()
    await store.create(session)
    const primary = await redis.primary()
    const has = async (server: RedisServer | undefined): Promise<boolean> =>
      Number(await server?.command('EXISTS', `holdfast:s:${session.sid}`)) === 1
    await until(() => has(redis.servers.find((server) => server !== primary)), 'the replica has the session')
    const [replica] = await freezeReplicas(redis, primary)
    expect(await store.end(session.sid)).toBe(true)
    await primary.kill()
    replica?.thaw()
    await until(
      async () => (await codeOf(store.read(session.id))) === 'answered',
      'the replica took over',
      elected,
    )
    expect((await store.read(session.id))?.state).toBe('live')
  })
})
