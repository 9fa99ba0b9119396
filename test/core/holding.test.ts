import { afterEach, describe, expect, it } from 'vitest'
import type { Session } from '../../src/core/session.ts'
import { type EndReason, type SocketRegistry, socketRegistry } from '../../src/core/sockets.ts'
import { type WatchedStore, watchedStore } from '../gateway/watched-store.ts'
import { Clock, gate, type Process, settled, startProcess } from './samples.ts'

const registries: SocketRegistry[] = []
afterEach(() => {
  for (const registry of registries.splice(0)) registry.close()
})

interface Holding extends Process {
  readonly watched: WatchedStore
  readonly credential: string
  readonly session: Session
  readonly registry: SocketRegistry
  readonly ends: EndReason[]
  /** Holds one more, as who presented the credential does. */
  hold(): () => void
  /** How often a session was read. */
  reads(): number
}

/** Somebody signed in, and a registry that looks at what it holds so often. */
async function holding(tick: number): Promise<Holding> {
  const clock = new Clock()
  const watched = watchedStore(clock.now)
  const home = await startProcess({ clock, store: watched.store })
  const { credential } = await home.signIn()
  const session = (await home.sessions.load(credential))?.session
  if (session === undefined) throw new Error('Not signed in.')
  const registry = socketRegistry({ sessions: home.sessions, now: clock.now, tick })
  registries.push(registry)
  const ends: EndReason[] = []
  return {
    ...{ ...home, watched, credential, session, registry, ends },
    hold: () =>
      registry.hold(session, { end: (reason) => ends.push(reason) }, home.sessions.peek(credential) !== null),
    reads: () => watched.calls.get('read') ?? 0,
  }
}

const never = 2 ** 30

describe('what is held for a session', () => {
  it('ends at once if the session ended before it was held, however seldom anybody looks', async () => {
    const one = await holding(never)
    await one.sessions.end(one.session.sid)
    one.hold()
    await expect.poll(() => one.ends).toEqual(['signed-out'])
    expect(one.registry.size).toBe(0)
  })

  it('ends with the rest of its session where that end was missed', async () => {
    const one = await holding(never)
    one.registry.hold(one.session, { end: (reason) => one.ends.push(reason) }, true)
    await one.sessions.end(one.session.sid)
    expect(one.ends).toEqual(['signed-out'])
    one.registry.hold(one.session, { end: (reason) => one.ends.push(reason) }, true)
    one.hold()
    await expect.poll(() => one.ends).toHaveLength(3)
  })

  it('asks nothing of the store while this process knows the session', async () => {
    const one = await holding(never)
    const before = one.reads()
    for (let index = 0; index < 20; index++) one.hold()
    await settled()
    expect(one.reads()).toBe(before)
    expect(one.ends).toEqual([])
  })

  it('is told of its end once, also where the store is being asked in that moment', async () => {
    const one = await holding(never)
    const reading = gate()
    one.watched.before = (method) => (method === 'read' ? reading.passed : Promise.resolve())
    one.registry.hold(one.session, { end: (reason) => one.ends.push(reason) }, false)
    await one.sessions.end(one.session.sid)
    expect(one.ends).toEqual(['signed-out'])
    reading.open()
    await settled()
    await settled()
    expect(one.ends).toEqual(['signed-out'])
  })

  it('stays while the store cannot tell, is asked about again as soon as it can, and ends then', async () => {
    const one = await holding(2)
    await one.sessions.end(one.session.sid)
    one.watched.away = true
    const before = one.reads()
    one.hold()
    // No time passes by the clock: what is not confirmed is due at each look.
    await expect.poll(one.reads, { interval: 2 }).toBeGreaterThan(before + 2)
    expect(one.ends).toEqual([])
    one.watched.away = false
    await expect.poll(() => one.ends, { interval: 2 }).toEqual(['signed-out'])
  })

  it('is closed as not confirmed when nobody could ever tell for the grace', async () => {
    const one = await holding(2)
    await one.sessions.end(one.session.sid)
    one.watched.away = true
    one.hold()
    one.clock.advance(30_001)
    await expect.poll(() => one.ends, { interval: 2 }).toEqual(['unconfirmed'])
  })
})
