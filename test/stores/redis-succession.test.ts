/** A primary that was succeeded while it stood still, and does not know: its other replicas follow it for a moment longer. */
import { afterEach, describe, expect, it } from 'vitest'
import { type RedisStore, redisStore } from '../../src/stores/redis.ts'
import { record } from '../../src/testing/records.ts'
import { type RedisServer, startRedis, until } from './redis-server.ts'

const open: (RedisServer | RedisStore)[] = []

afterEach(async () => {
  for (const one of open.splice(0).reverse()) await ('stop' in one ? one.stop() : one.close())
}, 30_000)

const live = () => {
  const now = Date.now()
  return record({ createdAt: now, idleAt: now + 3_600_000, absoluteAt: now + 7_200_000 })
}

async function follow(server: RedisServer, port: number): Promise<void> {
  await server.command('REPLICAOF', '127.0.0.1', `${port}`)
  const isUp = async (): Promise<boolean> =>
    String(await server.command('INFO', 'replication')).includes('master_link_status:up')
  await until(isUp, 'a replica follows')
}

interface Three {
  readonly primary: RedisServer
  readonly heir: RedisServer
  readonly other: RedisServer
  readonly store: RedisStore
}

async function three(): Promise<Three> {
  const [primary, heir, other] = [await startRedis(), await startRedis(), await startRedis()]
  open.push(primary, heir, other)
  for (const replica of [heir, other]) await follow(replica, primary.port)
  const store = await redisStore({ url: `redis://127.0.0.1:${primary.port}?replicas=2` })
  open.push(store)
  return { primary, heir, other, store }
}

/** How each attempt came out, one after another, for so long. */
async function attempts(store: RedisStore, ms: number): Promise<ReadonlySet<string>> {
  const outcomes = new Set<string>()
  for (const until = performance.now() + ms; performance.now() < until; ) {
    const outcome = await store.create(live()).then(
      () => 'acknowledged',
      ({ code }: { code: string }) => code,
    )
    outcomes.add(outcome)
  }
  return outcomes
}

describe('a primary that another replica has succeeded', { timeout: 60_000 }, () => {
  it('acknowledges nothing, though a replica that was not told yet confirms all it says', async () => {
    const { heir, other, store } = await three()
    await store.create(live())
    // As Sentinel does it: the new primary first, and the others a second or so later.
    await heir.command('REPLICAOF', 'NO', 'ONE')
    // An attempt takes up to a second, and the other is to be told well before its time is up.
    expect((await attempts(store, 500)).has('acknowledged')).toBe(false)
    await follow(other, heir.port)
    expect((await attempts(store, 3_000)).has('acknowledged')).toBe(false)
  })

  it('lets nobody in by what it knows, either', async () => {
    const { heir, store } = await three()
    const session = live()
    await store.create(session)
    expect(await store.read(session.id)).not.toBeNull()
    await heir.command('REPLICAOF', 'NO', 'ONE')
    // What was confirmed before counts for a lease.
    await new Promise((resolve) => setTimeout(resolve, 900))
    await expect(store.read(session.id)).rejects.toMatchObject({ code: 'ERR_STORE_TIMEOUT' })
  })

  it('goes on where the replica is merely gone', async () => {
    const { heir, store } = await three()
    await store.create(live())
    await heir.kill()
    await until(async () => (await attempts(store, 1)).has('acknowledged'), 'the two that are left go on')
    expect((await attempts(store, 1_000)).has('acknowledged')).toBe(true)
  })
})
