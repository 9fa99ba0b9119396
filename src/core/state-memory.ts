/**
 * What scopes of sessions were last read to hold, in this process's memory: used while the store vouches that every change
 * acknowledged anywhere has been delivered here, so that a read that follows a write sees it, on whatever replica.
 */
import type { SessionStore, StoreChange } from './contracts.ts'
import type { StateText } from './state.ts'

type Entries = ReadonlyMap<string, StateText>

/** What is kept of one scope. */
export interface ScopeMemory {
  /** What the store would answer; `null` where it has to be asked. */
  recall(keys?: readonly string[]): Entries | null
  /** To be called before the store is asked; the answer is given to what this returns. */
  reading(): (found: Entries, keys?: readonly string[]) => void
  /** After every write, done or refused: it may have been made from what was out of date. */
  forget(): void
}

export interface StateMemory {
  of(sid: string, name: string): ScopeMemory
}

// What a key or a scope takes even if it holds nothing: names are the visitor's to choose.
const overhead = 256
// Counted in characters. What is larger is read anew each time: it costs more to open than to ask for.
const largestScope = 64 * 1024
const mostInAll = 16 * 1024 * 1024
const mostSessions = 10_000
// No store tells of what a person does to its rows by hand.
const longest = 5_000

/** What is known of one scope. */
class Known {
  readonly since: number
  /** In characters. */
  size = overhead
  #isWhole = false
  /** `null`: the scope has no such key. */
  readonly #entries = new Map<string, StateText | null>()

  constructor(since: number) {
    this.since = since
  }

  recall(keys: readonly string[] | undefined): Entries | null {
    if (keys === undefined && !this.#isWhole) return null
    const found = new Map<string, StateText>()
    for (const key of keys ?? this.#entries.keys()) {
      const entry = this.#entries.get(key)
      if (entry === undefined && !this.#isWhole) return null
      if (entry) found.set(key, entry)
    }
    return found
  }

  add(found: Entries, keys: readonly string[] | undefined): void {
    if (keys === undefined) this.#isWhole = true
    for (const key of keys ?? found.keys()) {
      // By another request, and no other than this.
      if (this.#entries.has(key)) continue
      const entry = found.get(key) ?? null
      this.#entries.set(key, entry)
      this.size += overhead + key.length + (entry?.text.length ?? 0)
    }
  }
}

export function stateMemory(
  store: Pick<SessionStore, 'watch' | 'isCurrent'>,
  now: () => number,
): StateMemory {
  const sessions = new Map<string, Map<string, Known>>()
  let inAll = 0
  let isWatching = false

  function drop(sid: string): void {
    for (const { size } of sessions.get(sid)?.values() ?? []) inAll -= size
    sessions.delete(sid)
  }

  function dropScope(sid: string, name: string): void {
    const scopes = sessions.get(sid)
    inAll -= scopes?.get(name)?.size ?? 0
    scopes?.delete(name)
    if (scopes?.size === 0) sessions.delete(sid)
  }

  function follow(change: StoreChange): void {
    if (change.kind === 'state') {
      if (change.scope.sid !== null) dropScope(change.scope.sid, change.scope.name)
    } else if (change.kind === 'ended') drop(change.sid)
    else if (change.kind !== 'changed') {
      sessions.clear()
      inAll = 0
    }
  }

  function place(sid: string, name: string): Known {
    // Not before somebody reads: most apps keep nothing.
    if (!isWatching) store.watch(follow)
    isWatching = true
    let scopes = sessions.get(sid)
    if (scopes === undefined) {
      scopes = new Map()
      sessions.set(sid, scopes)
    }
    let known = scopes.get(name)
    if (known === undefined) {
      known = new Known(now())
      scopes.set(name, known)
      inAll += known.size
      makeRoom()
    }
    return known
  }

  function makeRoom(): void {
    for (const [oldest] of sessions) {
      if (inAll <= mostInAll && sessions.size <= mostSessions) return
      drop(oldest)
    }
  }

  return {
    of: (sid, name) => ({
      recall(keys) {
        const known = sessions.get(sid)?.get(name)
        // Asked last before it counts, and it may deliver what takes it away.
        if (known === undefined || !store.isCurrent() || sessions.get(sid)?.get(name) !== known) return null
        if (Math.abs(now() - known.since) < longest) return known.recall(keys)
        dropScope(sid, name)
        return null
      },

      reading() {
        const known = place(sid, name)
        return (found, keys) => {
          // Changed while it was read, or by what is delivered as we ask: nobody finds it any more, and it must not be counted.
          if (!store.isCurrent() || sessions.get(sid)?.get(name) !== known) return
          const before = known.size
          known.add(found, keys)
          inAll += known.size - before
          if (known.size > largestScope) dropScope(sid, name)
        }
      },

      forget: () => dropScope(sid, name),
    }),
  }
}
