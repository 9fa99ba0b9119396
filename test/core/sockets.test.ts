import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import type { StoreChange } from '../../src/core/contracts.ts'
import { StoreError } from '../../src/core/errors.ts'
import { type EndReason, type SocketRegistry, socketRegistry } from '../../src/core/sockets.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { Clock, type Process, startProcess, withMethods } from './samples.ts'

const registries: SocketRegistry[] = []
afterEach(() => {
  for (const registry of registries.splice(0)) registry.close()
})

interface Held {
  readonly home: Process
  readonly store: { isAway: boolean }
  readonly ends: EndReason[]
  /** How often the store was asked for the session. */
  asked(): number
}

/** A process that holds one socket, and looks at it again and again, on a store that may be away. */
async function held(): Promise<Held> {
  const clock = new Clock()
  const inner = memoryStore({ now: clock.now })
  const store = { isAway: false }
  let count = 0
  const home = await startProcess({
    clock,
    store: withMethods(inner, {
      async read(id) {
        count += 1
        if (store.isAway) throw new StoreError('ERR_STORE_UNAVAILABLE', 'The store is away.')
        return inner.read(id)
      },
    }),
  })
  const { session } = await home.signIn()
  const registry = socketRegistry({ sessions: home.sessions, now: clock.now, tick: 2 })
  registries.push(registry)
  const ends: EndReason[] = []
  registry.hold(session, { end: (reason) => ends.push(reason) }, true)
  return { home, store, ends, asked: () => count }
}

/** Time goes by, and the registry has looked at its sockets since. */
async function later({ home, asked }: Held, ms: number): Promise<void> {
  const before = asked()
  home.clock.advance(ms)
  await expect.poll(asked, { interval: 2 }).toBeGreaterThan(before + 1)
}

describe('a socket that is open', () => {
  it('stays while the store is away for no longer than its grace, and nobody is out when it is back', async () => {
    const one = await held()
    one.store.isAway = true
    // Its session was confirmed up to thirty seconds before that; from then on it is thirty more.
    await later(one, 60_000)
    expect(one.ends).toEqual([])
    const before = one.asked()
    one.store.isAway = false
    await expect.poll(one.asked, { interval: 2 }).toBeGreaterThan(before)
    // Confirmed: the grace begins anew.
    one.store.isAway = true
    await later(one, 60_000)
    expect(one.ends).toEqual([])
  })

  it('is closed when nobody could tell for longer, as not confirmed and not as signed out', async () => {
    const one = await held()
    one.store.isAway = true
    await later(one, 30_000)
    expect(one.ends).toEqual([])
    one.home.clock.advance(30_001)
    await expect.poll(() => one.ends, { interval: 2 }).toEqual(['unconfirmed'])
  })

  it('is closed at once when its session ends', async () => {
    const { home, ends } = await held()
    await home.sessions.revokeAll()
    expect(ends).toEqual(['signed-out'])
  })

  it('is closed though another of the same session throws, which is said and in nobody’s way', async () => {
    const { home } = await held()
    const { session } = await home.signIn()
    const [registry] = registries
    const thrown: unknown[] = []
    vi.stubGlobal('queueMicrotask', (act: () => void) => {
      try {
        act()
      } catch (error) {
        thrown.push(error)
      }
    })
    onTestFinished(() => void vi.unstubAllGlobals())
    const ends: EndReason[] = []
    const broken = new Error('its socket was gone')
    registry?.hold(
      session,
      {
        end: () => {
          throw broken
        },
      },
      true,
    )
    registry?.hold(session, { end: (reason) => ends.push(reason) }, true)
    await home.sessions.end(session.sid)
    expect(ends).toEqual(['signed-out'])
    expect(thrown).toEqual([broken])
  })

  it('is closed at once where changes were missed while the store was being asked about what was before', async () => {
    const clock = new Clock()
    const inner = memoryStore({ now: clock.now })
    const listeners: ((change: StoreChange) => void)[] = []
    const missed = (): void => {
      for (const listener of listeners) listener({ kind: 'gap' })
    }
    const asked: (() => void)[] = []
    let isSlow = false
    const home = await startProcess({
      clock,
      store: withMethods(inner, {
        // Nothing is heard but that something was missed.
        watch(listener) {
          listeners.push(listener)
          return () => {}
        },
        async read(id) {
          const found = await inner.read(id)
          if (isSlow) await new Promise<void>((resolve) => asked.push(resolve))
          return found
        },
      }),
    })
    const { session } = await home.signIn()
    const registry = socketRegistry({ sessions: home.sessions, now: clock.now })
    registries.push(registry)
    const ends: EndReason[] = []
    registry.hold(session, { end: (reason) => ends.push(reason) }, true)
    isSlow = true
    missed()
    await expect.poll(() => asked.length).toBe(1)
    // What was read is true no longer when it is answered.
    await inner.end(session.sid)
    missed()
    isSlow = false
    asked[0]?.()
    await expect.poll(() => ends).toEqual(['signed-out'])
  })
})
