/** The memory store, with every call counted, and with a switch that takes it away. */
import type { SessionStore } from '../../src/core/contracts.ts'
import { StoreError } from '../../src/core/errors.ts'
import { memoryStore } from '../../src/stores/memory.ts'

const writes: ReadonlySet<string> = new Set([
  'create',
  'update',
  'touch',
  'rotate',
  'present',
  'end',
  'revoke',
  'writeState',
  'once',
  'hit',
  'writeKeyring',
])

export interface WatchedStore {
  readonly store: SessionStore
  /** How often each method was called. */
  readonly calls: Map<string, number>
  /** Calls of methods that write. */
  readonly writes: () => number
  /** While true every call rejects as that of a store that is away. */
  away: boolean
  /** Awaited before each call, where a test must be in between. */
  before: ((method: string) => Promise<void>) | null
}

export function watchedStore(
  now?: () => number,
  inner: SessionStore = memoryStore(now === undefined ? {} : { now }),
): WatchedStore {
  const calls = new Map<string, number>()
  const synchronous = new Set(['watch', 'isCurrent', 'scan', 'close', 'kind'])
  const watched: WatchedStore = {
    calls,
    away: false,
    before: null,
    writes: () => [...calls].reduce((sum, [name, count]) => (writes.has(name) ? sum + count : sum), 0),
    store: new Proxy(inner, {
      get(target, name: keyof SessionStore) {
        const value = target[name]
        if (typeof value !== 'function') return value
        if (name === 'isCurrent') return () => !watched.away && inner.isCurrent()
        if (synchronous.has(name)) return value.bind(target)
        return async (...values: unknown[]) => {
          calls.set(name, (calls.get(name) ?? 0) + 1)
          await watched.before?.(name)
          if (watched.away) throw new StoreError('ERR_STORE_UNAVAILABLE', 'The store was switched off.')
          return (value as (...all: unknown[]) => unknown).apply(target, values)
        }
      },
    }),
  }
  return watched
}
