import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { StoreChange } from '../../src/core/contracts.ts'
import { type RedisStore, redisStore } from '../../src/stores/redis.ts'
import { changesOf, current } from '../../src/testing/opened-store.ts'
import { bytes, record } from '../../src/testing/records.ts'
import { openedRedis } from './opened-redis.ts'
import { type RedisServer, until } from './redis-server.ts'

const { opened, server } = openedRedis()

async function storeOn(redis: RedisServer, query = ''): Promise<RedisStore> {
  const store = await redisStore({ url: `redis://127.0.0.1:${redis.port}${query}` })
  opened.push(() => store.close())
  return store
}

const live = () => {
  const now = Date.now()
  return record({ createdAt: now, idleAt: now + 3_600_000, absoluteAt: now + 7_200_000 })
}

interface Timed {
  readonly code: string
  readonly ms: number
}

async function timed(call: Promise<unknown>): Promise<Timed> {
  const begun = performance.now()
  const code = await call.then(
    () => 'answered',
    (error: { code: string }) => error.code,
  )
  return { code, ms: performance.now() - begun }
}

/** Every kind of call at once. */
function everyCall(store: RedisStore): Promise<readonly Timed[]> {
  const session = live()
  const calls = [
    store.read(session.id),
    store.create(session),
    store.update(session.id, 1, bytes('x')),
    store.touch(session.id, 1),
    store.present(session.id),
    store.end(session.sid),
    store.revoke({ user: 'u' }, Date.now()),
    store.listByUser('u'),
    store.scan()[Symbol.asyncIterator]().next(),
    store.sweep(1),
    store.readState({ sid: null, name: 's' }),
    store.writeState({ sid: null, name: 's' }, [{ key: 'k', value: bytes('v') }]),
    store.once('o', 1000),
    store.hit('h', 1000),
    store.readKeyring(),
    store.ping(),
  ]
  return Promise.all(calls.map(timed))
}

async function answers(store: RedisStore): Promise<number> {
  const begun = performance.now()
  await until(async () => (await timed(store.ping())).code === 'answered', 'the store answers again', 10_000)
  return performance.now() - begun
}

describe('a Redis that hangs', () => {
  it('makes no call wait longer than a second, is not current meanwhile, and heals alone', async () => {
    const redis = await server()
    const store = await storeOn(redis)
    const session = live()
    await store.create(session)
    await current(store)
    redis.freeze()
    const outcomes = await everyCall(store)
    for (const { code, ms } of outcomes) {
      expect(code).toMatch(/^ERR_STORE_(?:TIMEOUT|UNAVAILABLE)$/)
      // A second, and what a busy machine adds.
      expect(ms).toBeLessThan(1500)
    }
    expect(store.isCurrent()).toBe(false)
    // And later ones are refused at once: nobody waits for what is known to be away.
    await until(async () => (await timed(store.ping())).ms < 100, 'calls are refused at once')
    const later = await everyCall(store)
    expect(Math.max(...later.map(({ ms }) => ms))).toBeLessThan(500)
    redis.thaw()
    expect(await answers(store)).toBeLessThan(10_000)
    await current(store)
    expect((await store.read(session.id))?.state).toBe('live')
  })

  it('keeps nothing for later: what was refused during an outage is not done after it', async () => {
    const redis = await server()
    const store = await storeOn(redis)
    await redis.kill()
    await until(async () => (await timed(store.ping())).ms < 50, 'calls are refused at once')
    const refused = live()
    expect((await timed(store.create(refused))).code).toBe('ERR_STORE_UNAVAILABLE')
    await redis.restart()
    await answers(store)
    expect(await store.read(refused.id)).toBeNull()
    expect(await store.create(refused)).toBe('created')
  })
})

describe('a Redis that is killed and started again', () => {
  it('has every acknowledged write, where it was told to write down each', async () => {
    const redis = await server({ appendonly: 'yes', appendfsync: 'always' })
    const store = await storeOn(redis, '?mode=strict')
    expect(store.warnings).toEqual([])
    const [kept, ended] = [live(), live()]
    await store.create(kept)
    await store.create(ended)
    await store.end(ended.sid)
    await redis.kill()
    await redis.restart()
    await answers(store)
    expect((await store.read(kept.id))?.state).toBe('live')
    expect(await store.read(ended.id)).toBeNull()
    expect(await store.create(ended)).toBe('ended')
  })

  it('and comes back empty: everything that was kept is dropped', async () => {
    const redis = await server()
    const store = await storeOn(redis)
    const session = live()
    await store.create(session)
    await store.update(session.id, 1, bytes('2'))
    const changes = changesOf(store)
    await redis.kill()
    await redis.restart()
    await until(async () => changes.length > 0, 'a gap is told')
    expect(changes).toEqual([{ kind: 'gap' }])
    await current(store)
    expect(await store.read(session.id)).toBeNull()
  })
})

describe('a Redis whose memory is full', () => {
  it('lets nobody new in and says why; who is in stays in, is served from memory, and can sign out', async () => {
    const redis = await server()
    const [store, other] = [await storeOn(redis), await storeOn(redis)]
    const session = await made(store)
    await redis.command('CONFIG', 'SET', 'maxmemory', '1mb')
    expect((await timed(store.create(live()))).code).toBe('ERR_STORE_FULL')
    expect((await timed(store.once('o', 1000))).code).toBe('ERR_STORE_FULL')
    expect((await store.read(session.id))?.state).toBe('live')
    await current(store)
    await new Promise((resolve) => setTimeout(resolve, 1000))
    expect(store.isCurrent()).toBe(true)
    expect(await store.end(session.sid)).toBe(true)
    expect(await other.read(session.id)).toBeNull()
    expect(await other.create(session)).toBe('ended')
    await redis.command('CONFIG', 'SET', 'maxmemory', '0')
    expect(await store.create(live())).toBe('created')
  })
})

describe('a Redis that one has to connect to again', () => {
  it('may have forgotten who trusts it: no end is acknowledged until their leases are over', async () => {
    const redis = await server()
    const store = await storeOn(redis)
    const [first, second] = [await made(store), await made(store)]
    await redis.command('CLIENT', 'KILL', 'TYPE', 'normal')
    await answers(store)
    const begun = performance.now()
    expect(await store.end(first.sid)).toBe(true)
    expect(performance.now() - begun).toBeGreaterThan(400)
    const again = performance.now()
    expect(await store.end(second.sid)).toBe(true)
    expect(performance.now() - again).toBeLessThan(400)
  })
})

describe('the change feed', () => {
  it('misses nothing when its connection is cut: the next beat brings it', async () => {
    const redis = await server()
    const [one, two] = [await storeOn(redis), await storeOn(redis)]
    await current(two)
    const changes = changesOf(two)
    for (let round = 0; round < 10; round++) {
      const session = live()
      await one.create(session)
      await redis.command('CLIENT', 'KILL', 'TYPE', 'pubsub')
      await one.end(session.sid)
      // Acknowledged: whoever vouches for its memory has been told.
      if (two.isCurrent()) expect(changes.at(-1)).toMatchObject({ sid: session.sid })
      await current(two)
      expect(changes).toHaveLength(round + 1)
    }
  })

  it('says that there is a gap when what was missed is no longer written down', async () => {
    const redis = await server()
    const [one, two] = [await storeOn(redis), await storeOn(redis)]
    await current(two)
    const changes = changesOf(two)
    await one.update((await made(one)).id, 1, bytes('seen'))
    await until(async () => changes.length === 1, 'the change is told')
    // As if this process had been stopped while ten thousand changes passed: neither pushed to it nor kept for it.
    await redis.command('CLIENT', 'KILL', 'TYPE', 'pubsub')
    await redis.command('HSET', 'holdfast:feed', 'seq', '50', 'mark', 'another')
    await redis.command('DEL', 'holdfast:log')
    await until(async () => changes.some(({ kind }: StoreChange) => kind === 'gap'), 'a gap is told')
    await current(two)
    await one.end((await made(one)).sid)
    // At once if it vouches for its memory; a machine that is busy may have kept it from that.
    await until(async () => changes.at(-1)?.kind === 'ended', 'the end is told')
  })

  it('is not taken for the same when a fail-over gave its numbers out again', async () => {
    const redis = await server()
    const store = await storeOn(redis)
    await store.update((await made(store)).id, 1, bytes('x'))
    await current(store)
    const changes = changesOf(store)
    // The number is the one this process has delivered; the change behind it is another.
    await redis.command('HSET', 'holdfast:feed', 'mark', 'of another history')
    await until(async () => changes.length > 0, 'a gap is told')
    expect(changes).toEqual([{ kind: 'gap' }])
  })
})

async function made(store: RedisStore) {
  const session = live()
  await store.create(session)
  return session
}

async function process(redis: RedisServer) {
  const script = fileURLToPath(new URL('./redis-child.ts', import.meta.url))
  const args = [script, `redis://127.0.0.1:${redis.port}`]
  const child = spawn(globalThis.process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const exit = once(child, 'exit')
  opened.push(async () => {
    child.kill('SIGCONT')
    child.kill('SIGKILL')
    await exit
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const next = async (): Promise<unknown> => JSON.parse((await lines.next()).value ?? 'null')
  if ((await next()) !== 'ready') throw new Error('The child did not start.')
  return {
    child,
    ask(ask: 'read' | 'peek', id: string): Promise<unknown> {
      child.stdin.write(`${JSON.stringify({ ask, id })}\n`)
      return next()
    },
  }
}

describe('two processes', () => {
  it('agree: what one has ended, the other no longer serves from memory when the end is acknowledged', async () => {
    const redis = await server()
    const store = await storeOn(redis)
    const other = await process(redis)
    for (let round = 0; round < 10; round++) {
      const session = await made(store)
      expect(await other.ask('read', session.id)).toBe('live')
      await until(async () => (await other.ask('peek', session.id)) === true, 'it is served from memory')
      const begun = performance.now()
      await store.end(session.sid)
      expect(performance.now() - begun).toBeLessThan(700)
      expect(await other.ask('peek', session.id)).toBe(false)
    }
  })

  it('wait for one that is stopped no longer than its lease, and it serves nothing stale when it goes on', async () => {
    const redis = await server()
    const store = await storeOn(redis)
    const other = await process(redis)
    const session = await made(store)
    await other.ask('read', session.id)
    await until(async () => (await other.ask('peek', session.id)) === true, 'it is served from memory')
    other.child.kill('SIGSTOP')
    const begun = performance.now()
    expect(await store.end(session.sid)).toBe(true)
    expect(performance.now() - begun).toBeGreaterThan(400)
    expect(performance.now() - begun).toBeLessThan(1500)
    // It is known to be gone by then: the next one is not kept waiting.
    const again = await made(store)
    const second = performance.now()
    await store.end(again.sid)
    expect(performance.now() - second).toBeLessThan(300)
    other.child.kill('SIGCONT')
    expect(await other.ask('peek', session.id)).toBe(false)
    expect(await other.ask('read', session.id)).toBeNull()
  })
})
