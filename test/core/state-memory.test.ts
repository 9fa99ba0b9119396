import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { SessionStore, StoreChange } from '../../src/core/contracts.ts'
import type { Issued } from '../../src/core/manager.ts'
import type { ScopedState } from '../../src/core/state.ts'
import { type StateMemory, stateMemory } from '../../src/core/state-memory.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { watchedStore } from '../gateway/watched-store.ts'
import { Clock, gate, startProcess, withMethods } from './samples.ts'

/** A memory alone, of a store that says what it is told to. */
function alone(): {
  memory: StateMemory
  clock: Clock
  tell: (change: StoreChange) => void
  current: { yes: boolean }
  /** Told when the store is asked whether it is current, as SQLite tells. */
  pending: StoreChange[]
} {
  const clock = new Clock()
  const pending: StoreChange[] = []
  const current = { yes: true }
  let listener: ((change: StoreChange) => void) | null = null
  const memory = stateMemory(
    {
      isCurrent() {
        for (const change of pending.splice(0)) listener?.(change)
        return current.yes
      },
      watch(given) {
        listener = given
        return () => {}
      },
    },
    clock.now,
  )
  return { memory, clock, current, pending, tell: (change) => listener?.(change) }
}

const found = (text: string): ReadonlyMap<string, { text: string; version: number }> =>
  new Map([['a', { text, version: 1 }]])

/** What a process keeps of a session that is signed in. */
async function signedIn(store: SessionStore, clock: Clock): Promise<{ scope: ScopedState; issued: Issued }> {
  const process = await startProcess({ store, clock })
  const issued = await process.signIn()
  const scope = process.sessions.state.of(process.sessions.capability(issued.session) ?? '')?.session
  if (scope === undefined) throw new Error('There is no scope.')
  return { scope, issued }
}

/** The scope of one session, as two processes see it. */
async function twoProcesses(): Promise<readonly ScopedState[]> {
  const clock = new Clock()
  const store = memoryStore({ now: clock.now })
  const { scope, issued } = await signedIn(store, clock)
  const other = await startProcess({ store, clock })
  const loaded = await other.sessions.load(issued.credential)
  const capability = loaded === null ? null : other.sessions.capability(loaded.session)
  const same = other.sessions.state.of(capability ?? '')?.session
  if (same === undefined) throw new Error('There is no scope.')
  return [scope, same]
}

type Act = (scope: ScopedState, model: Map<string, number>, key: string, at: number) => Promise<unknown>

const acts: Readonly<Record<string, Act>> = {
  async get(scope, model, key) {
    expect(await scope.get(key)).toBe(model.get(key))
  },
  async all(scope, model) {
    const entries = [...(await scope.entries())].map(([key, { value }]) => [key, value] as const)
    expect(new Map(entries)).toEqual(model)
  },
  async set(scope, model, key, at) {
    model.set(key, at)
    await scope.set(key, at)
  },
  async delete(scope, model, key) {
    model.delete(key)
    await scope.delete(key)
  },
  async clear(scope, model) {
    model.clear()
    await scope.clear()
  },
}

describe('what a process remembers of state', () => {
  it('asks the store once for what nobody changes, absent keys and whole scopes too', async () => {
    const clock = new Clock()
    const watched = watchedStore(clock.now)
    const { scope } = await signedIn(watched.store, clock)
    await scope.set('a', 1)
    const reads = (): number => watched.calls.get('readState') ?? 0
    const before = reads()
    for (let step = 0; step < 3; step++) {
      expect(await scope.get('a')).toBe(1)
      expect(await scope.get('b')).toBeUndefined()
    }
    expect(reads() - before).toBe(2)
    for (let step = 0; step < 3; step++) {
      expect([...(await scope.entries()).keys()]).toEqual(['a'])
      expect(await scope.get('c')).toBeUndefined()
    }
    expect(reads() - before).toBe(3)
  })

  it('P9: sees every write that was acknowledged, its own and those of another process', async () => {
    const step = fc.record({
      who: fc.nat(1),
      act: fc.constantFrom(...Object.keys(acts)),
      key: fc.constantFrom('a', 'b'),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const scopes = await twoProcesses()
        const model = new Map<string, number>()
        for (const [at, { who, act, key }] of steps.entries()) {
          const scope = scopes[who]
          if (scope !== undefined) await acts[act]?.(scope, model, key, at)
        }
      }),
      { numRuns: 60 },
    )
  })

  it('keeps nothing of a read that a write overtook', async () => {
    const clock = new Clock()
    const inner = memoryStore({ now: clock.now })
    const held = gate()
    let isHeld = false
    const store = withMethods(inner, {
      async readState(scope, keys) {
        const entries = await inner.readState(scope, keys)
        if (isHeld) await held.passed
        return entries
      },
    })
    const { scope } = await signedIn(store, clock)
    await scope.set('a', 'old')
    isHeld = true
    const slow = scope.get('a')
    await Promise.resolve()
    await scope.set('a', 'new')
    isHeld = false
    held.open()
    expect(await slow).toBe('old')
    expect(await scope.get('a')).toBe('new')
  })

  it('P1: holds nothing of a session that ended, nor after a revocation or a gap', () => {
    const ends: readonly StoreChange[] = [
      { kind: 'ended', id: 'i', sid: 's' },
      { kind: 'revoked', epoch: 'all', before: 9 },
      { kind: 'gap' },
      { kind: 'state', scope: { sid: 's', name: 'n' }, keys: ['b'] },
    ]
    for (const end of ends) {
      const { memory, tell } = alone()
      const scope = memory.of('s', 'n')
      scope.reading()(found('1'))
      expect(scope.recall()).toEqual(found('1'))
      tell({ kind: 'changed', id: 'i', sid: 's' })
      tell({ kind: 'state', scope: { sid: 's', name: 'other' }, keys: ['a'] })
      tell({ kind: 'ended', id: 'i', sid: 'other' })
      expect(scope.recall(['a'])).toEqual(found('1'))
      tell(end)
      expect([scope.recall(), scope.recall(['a'])]).toEqual([null, null])
    }
  })

  it('P5: says nothing while the store cannot vouch for it, and keeps nothing that was read then', () => {
    const { memory, current } = alone()
    const scope = memory.of('s', 'n')
    scope.reading()(found('1'))
    current.yes = false
    expect(scope.recall(['a'])).toBeNull()
    memory.of('s', 'm').reading()(found('2'))
    current.yes = true
    expect(scope.recall(['a'])).toEqual(found('1'))
    expect(memory.of('s', 'm').recall(['a'])).toBeNull()
  })

  it('asks again after five seconds, for rows that somebody changed by hand', () => {
    const { memory, clock } = alone()
    const scope = memory.of('s', 'n')
    scope.reading()(found('1'))
    clock.advance(4_999)
    expect(scope.recall(['a'])).toEqual(found('1'))
    clock.advance(1)
    expect(scope.recall(['a'])).toBeNull()
  })

  it('P6: is bounded, whatever names a visitor thinks of and however large values are', () => {
    const { memory } = alone()
    const scope = memory.of('s', 'n')
    for (let index = 0; index < 10_000; index++) scope.reading()(new Map(), [`key ${index}`])
    expect(scope.recall(['key 0'])).toBeNull()
    scope.reading()(found('x'.repeat(70_000)))
    expect(scope.recall(['a'])).toBeNull()
    const kept = (): number => {
      let count = 0
      for (let index = 0; index < 200_000; index++)
        if (memory.of(`s${index % 500}`, `tab ${index}`).recall(['a'])) count++
      return count
    }
    for (let index = 0; index < 200_000; index++)
      memory.of(`s${index % 500}`, `tab ${index}`).reading()(found('1'), ['a'])
    expect(kept()).toBeLessThan(70_000)
  })

  it('does not count what a change took away while it was asked whether it may be kept', () => {
    const { memory, pending } = alone()
    for (let round = 0; round < 400; round++) {
      const keep = memory.of('s', 'n').reading()
      pending.push({ kind: 'state', scope: { sid: 's', name: 'n' }, keys: ['a'] })
      keep(found('x'.repeat(60_000)))
      expect(memory.of('s', 'n').recall(['a'])).toBeNull()
    }
    // Counted, they were more than all there is room for by now.
    const other = memory.of('t', 'n')
    other.reading()(found('1'))
    expect(other.recall(['a'])).toEqual(found('1'))
  })
})
