import { describe, expect, it } from 'vitest'
import { StoreError } from '../../src/core/errors.ts'
import { defaultPolicy } from '../../src/core/policy.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import {
  Clock,
  day,
  gate,
  hour,
  minute,
  type Process,
  settled,
  startAt,
  startProcess,
  withMethods,
} from './samples.ts'

/** A process that counts its touches, and whose store can be made to fail them. */
async function counting(): Promise<{ home: Process; touches: { count: number; failing: boolean } }> {
  const clock = new Clock()
  const store = memoryStore({ now: clock.now })
  const touches = { count: 0, failing: false }
  const home = await startProcess({
    clock,
    store: withMethods(store, {
      async touch(id, idleAt) {
        touches.count++
        if (touches.failing) throw new StoreError('ERR_STORE_UNAVAILABLE', 'The store is away.')
        return store.touch(id, idleAt)
      },
    }),
  })
  return { home, touches }
}

async function idleAt(home: Process, id: string): Promise<number | null> {
  const found = await home.store.read(id)
  return found?.state === 'live' ? found.session.idleAt : null
}

describe('touch()', () => {
  it('moves the idle deadline, in the store and in this process’s memory', async () => {
    const { home } = await counting()
    const { credential } = await home.signIn()
    const live = (await home.sessions.load(credential))?.session
    if (live === undefined) throw new Error('The session was not found.')
    home.clock.advance(2 * hour)
    home.sessions.touch(live)
    await settled()
    expect(await idleAt(home, live.id)).toBe(startAt + 14 * hour)
    expect(home.sessions.peek(credential)?.idleAt).toBe(startAt + 14 * hour)
  })

  it('tells the new deadline at once, so that the answer to the request that touched can', async () => {
    const { home } = await counting()
    const { session } = await home.signIn()
    home.clock.advance(2 * hour)
    home.sessions.touch(session)
    expect(session.idleAt).toBe(startAt + 14 * hour)
  })

  it('writes once for all requests of a moment, however many objects they hold', async () => {
    const { home, touches } = await counting()
    const { credential } = await home.signIn()
    home.clock.advance(2 * hour)
    const loaded = await Promise.all(Array.from({ length: 50 }, () => home.sessions.load(credential)))
    for (const one of loaded) if (one !== null) home.sessions.touch(one.session)
    await settled()
    expect(touches.count).toBe(1)
  })

  it('writes at most ten times in an idle window of steady work', async () => {
    const { home, touches } = await counting()
    const { session } = await home.signIn({ remember: true })
    for (let passed = 0; passed < 14 * day; passed += 30 * minute) {
      home.clock.advance(30 * minute)
      home.sessions.touch(session)
      await settled()
    }
    expect(touches.count).toBeLessThanOrEqual(10)
    expect(touches.count).toBeGreaterThanOrEqual(6)
  })

  it('writes nothing for an anonymous session of which nothing is stored', async () => {
    let touches = 0
    const home = await startProcess({
      policy: { ...defaultPolicy, anonymous: { idle: hour, absolute: day } },
      store: withMethods(memoryStore(), {
        async touch() {
          touches++
          return false
        },
      }),
    })
    const loaded = await home.sessions.load(home.sessions.beginAnonymous())
    home.clock.advance(50 * minute)
    if (loaded !== null) home.sessions.touch(loaded.session)
    await settled()
    expect(touches).toBe(0)
  })

  it('asks once about a session past its deadline, however many frames come meanwhile', async () => {
    const store = memoryStore()
    let reads = 0
    const home = await startProcess({
      store: withMethods(store, {
        read(id) {
          reads++
          return store.read(id)
        },
      }),
    })
    const { session } = await home.signIn()
    home.clock.advance(12 * hour)
    for (let frame = 0; frame < 100; frame++) home.sessions.touch(session)
    await settled()
    expect(reads).toBe(1)
  })

  it('reaches a session whose token was replaced since, as an open socket holds it', async () => {
    const { home } = await counting()
    const first = await home.signIn({ remember: true })
    let last = first
    for (let step = 1; step <= 5; step++) {
      home.clock.advance(3 * day)
      const next = await home.sessions.rotate(last.session, last.credential)
      if (next === null) throw new Error('The rotation was refused.')
      last = next
      home.sessions.touch(first.session)
      await settled()
      expect(await idleAt(home, last.session.id)).toBe(home.clock.at + 14 * day)
      expect(first.session.idleAt).toBe(home.clock.at + 14 * day)
    }
  })

  it('SECURITY: never brings a session back that is past its deadline', async () => {
    const { home } = await counting()
    const { credential, session } = await home.signIn()
    const cached = (await home.sessions.load(credential))?.session
    if (cached === undefined) throw new Error('The session was not found.')
    home.clock.advance(12 * hour)
    for (const held of [session, cached]) home.sessions.touch(held)
    await settled()
    expect(home.sessions.peek(credential)).toBeNull()
    expect(await home.sessions.load(credential)).toBeNull()
    expect(await idleAt(home, session.id)).toBe(startAt + 12 * hour)
  })

  it('moves a deadline that only this process holds to be past: another replica moved it', async () => {
    const one = await counting()
    const other = await startProcess(one.home)
    const { session, credential } = await one.home.signIn({ remember: true })
    one.home.clock.advance(10 * day)
    const there = (await other.sessions.load(credential))?.session
    if (there === undefined) throw new Error('The session was not found.')
    other.sessions.touch(there)
    await settled()
    one.home.clock.advance(5 * day)
    one.home.sessions.touch(session)
    await settled()
    expect(await idleAt(one.home, session.id)).toBe(startAt + 29 * day)
  })

  it('memory does not stay ahead of a store that could not take it', async () => {
    const { home, touches } = await counting()
    const { credential } = await home.signIn()
    const live = (await home.sessions.load(credential))?.session
    if (live === undefined) throw new Error('The session was not found.')
    home.clock.advance(2 * hour)
    touches.failing = true
    home.sessions.touch(live)
    await settled()
    expect(live.idleAt).toBe(startAt + 12 * hour)
    expect(home.events.at(-1)).toEqual({
      event: 'store_failed',
      code: 'ERR_STORE_UNAVAILABLE',
      during: 'touch',
    })
    touches.failing = false
    home.clock.advance(5_000)
    home.sessions.touch(live)
    await settled()
    expect(live.idleAt).toBe(home.clock.at + 12 * hour)
  })

  it('asks a store that is away every five seconds, not with every frame of a socket', async () => {
    const { home, touches } = await counting()
    const { session } = await home.signIn()
    home.clock.advance(2 * hour)
    touches.failing = true
    for (let frame = 0; frame < 1_000; frame++) {
      home.sessions.touch(session)
      await settled()
      home.clock.advance(10)
    }
    expect(touches.count).toBe(2)
    expect(home.told('store_failed')).toBe(2)
  })

  it('asks for an ended session as seldom, and says nothing', async () => {
    const { home, touches } = await counting()
    const { session } = await home.signIn()
    await home.sessions.end(session.sid)
    home.clock.advance(2 * hour)
    const before = home.events.length
    for (let frame = 0; frame < 100; frame++) {
      home.sessions.touch(session)
      await settled()
    }
    expect(touches.count).toBe(1)
    expect(home.events).toHaveLength(before)
  })

  it('does not wait for the store', async () => {
    const store = memoryStore()
    const never = gate()
    const home = await startProcess({
      policy: defaultPolicy,
      store: withMethods(store, {
        async touch() {
          await never.passed
          return true
        },
      }),
    })
    const { session } = await home.signIn()
    home.clock.advance(2 * hour)
    expect(home.sessions.touch(session)).toBeUndefined()
    never.open()
  })

  it('SECURITY: prolongs no session beyond the shorter life that another request has just given it', async () => {
    const { home } = await counting()
    const { session, credential } = await home.signIn()
    home.clock.advance(2 * hour)
    const lasting = { idle: 10 * minute, remember: false }
    const next = await home.sessions.rotate(session, credential, { lasting })
    // A request that came before, with the session as it was.
    home.sessions.touch(session)
    await settled()
    expect(next?.session).toMatchObject(lasting)
    expect(await idleAt(home, next?.session.id ?? '')).toBe(home.clock.now() + 10 * minute)
  })
})
