import type {
  Found,
  SessionStore,
  StateChange,
  StateEntry,
  StateScope,
  StoreChange,
  StoredSession,
  Succession,
} from '../core/contracts.ts'
import { StoreError } from '../core/errors.ts'
import { isOver } from '../core/policy.ts'
import { roomFor, type SessionLimit } from '../core/session-limit.ts'
import { createMemoryCounters } from './memory-counters.ts'
import { createMemoryRevocations } from './memory-revocations.ts'
import { createMemoryState, type MemoryState } from './memory-state.ts'
import { createWatchers } from './watchers.ts'

/** What is left of an id that is no longer live: `next` while its successor lives, `null` after the end. */
interface Retired {
  next: Succession | null
}

/** All ids of one sid. They share the absolute deadline, so they are kept and swept together. */
interface Family {
  live: StoredSession | null
  readonly absoluteAt: number
  readonly retired: Map<string, Retired>
  readonly state: MemoryState
}

function copyOf(session: StoredSession): StoredSession {
  return { ...session, sealed: new Uint8Array(session.sealed), key: new Uint8Array(session.key) }
}

function byAge(a: StoredSession, b: StoredSession): number {
  return a.createdAt - b.createdAt
}

function isSuccessor(next: StoredSession, session: StoredSession): boolean {
  return (
    next.sid === session.sid &&
    next.user === session.user &&
    next.createdAt === session.createdAt &&
    next.absoluteAt === session.absoluteAt &&
    next.version === session.version + 1
  )
}

/** A store that lives and dies with the process: for tests and demos. */
export function memoryStore(options: { readonly now?: () => number } = {}): SessionStore {
  const now = options.now ?? Date.now
  const watchers = createWatchers()
  const families = new Map<string, Family>()
  const familyOf = new Map<string, Family>()
  const shared = createMemoryState()
  const revocations = createMemoryRevocations()
  const counters = createMemoryCounters(now)
  let keyring: { readonly version: number; readonly box: Uint8Array } | null = null
  let closed = false

  function open(): void {
    if (closed) throw new StoreError('ERR_STORE_UNAVAILABLE', 'The memory store was closed.')
  }

  function liveOf(id: string): { readonly family: Family; readonly session: StoredSession } | null {
    const family = familyOf.get(id)
    return family?.live?.id === id ? { family, session: family.live } : null
  }

  function endFamily(family: Family, session: StoredSession): void {
    family.live = null
    family.retired.set(session.id, { next: null })
    for (const retired of family.retired.values()) retired.next = null
    family.state.clear()
  }

  function end(session: StoredSession, why?: 'replaced'): void {
    const family = families.get(session.sid)
    if (family !== undefined) endFamily(family, session)
    watchers.deliver({ kind: 'ended', id: session.id, sid: session.sid, ...(why !== undefined && { why }) })
  }

  /** Makes room for one more session of the user; `false`: there is none. */
  function makeRoom(user: string, limit: SessionLimit): boolean {
    const mine = [...liveSessions()].filter((session) => session.user === user).sort(byAge)
    const room = roomFor(mine, limit, (session) => isOver(session, now()))
    for (const session of room?.free ?? []) end(session)
    for (const session of room?.replaced ?? []) end(session, 'replaced')
    return room !== null
  }

  function* liveSessions(): Generator<StoredSession> {
    for (const family of families.values()) if (family.live !== null) yield family.live
  }

  function shrink(family: Family, limit: number): number {
    let removed = family.state.remove(limit)
    for (const id of [...family.retired.keys()].slice(0, limit - removed)) {
      family.retired.delete(id)
      familyOf.delete(id)
      removed += 1
    }
    if (removed === limit || family.live === null) return removed
    familyOf.delete(family.live.id)
    family.live = null
    return removed + 1
  }

  function sweepFamilies(at: number, limit: number): number {
    let removed = 0
    for (const [sid, family] of families) {
      if (family.absoluteAt > at) continue
      removed += shrink(family, limit - removed)
      if (removed === limit) return removed
      families.delete(sid)
    }
    return removed
  }

  function stateOf(scope: StateScope): MemoryState | null {
    if (scope.sid === null) return shared
    const family = families.get(scope.sid)
    return family === undefined || family.live === null ? null : family.state
  }

  return {
    kind: 'memory',

    async create(session, limit) {
      open()
      if (familyOf.has(session.id) || families.has(session.sid)) return 'ended'
      if (revocations.covers(session)) return 'revoked'
      if (limit !== undefined && session.user !== null && !makeRoom(session.user, limit)) return 'full'
      const { absoluteAt } = session
      const family = { live: copyOf(session), absoluteAt, retired: new Map(), state: createMemoryState() }
      families.set(session.sid, family)
      familyOf.set(session.id, family)
      return 'created'
    },

    async read(id): Promise<Found | null> {
      open()
      const live = liveOf(id)
      if (live !== null) return { state: 'live', session: copyOf(live.session) }
      const next = familyOf.get(id)?.retired.get(id)?.next
      if (!next) return null
      return { state: 'rotated', next: { ...next, sealedToken: new Uint8Array(next.sealedToken) } }
    },

    async update(id, version, sealed) {
      open()
      const live = liveOf(id)
      if (live === null || live.session.version !== version) return false
      live.family.live = { ...live.session, version: version + 1, sealed: new Uint8Array(sealed) }
      watchers.deliver({ kind: 'changed', id, sid: live.session.sid })
      return true
    },

    async touch(id, idleAt) {
      open()
      const live = liveOf(id)
      if (live === null) return false
      if (idleAt > live.session.idleAt) live.family.live = { ...live.session, idleAt }
      return true
    },

    async rotate(id, version, next, sealedToken) {
      open()
      const live = liveOf(id)
      if (live === null || live.session.version !== version) return false
      if (familyOf.has(next.id) || !isSuccessor(next, live.session)) return false
      const { family, session } = live
      family.live = { ...copyOf(next), begun: session.begun }
      familyOf.set(next.id, family)
      const succession = { id: next.id, sealedToken: new Uint8Array(sealedToken), presentedAt: null }
      family.retired.set(id, { next: succession })
      watchers.deliver({ kind: 'changed', id, sid: session.sid })
      return true
    },

    async present(id) {
      open()
      for (const retired of familyOf.get(id)?.retired.values() ?? []) {
        if (retired.next?.id !== id || retired.next.presentedAt !== null) continue
        retired.next = { ...retired.next, presentedAt: now() }
        return true
      }
      return false
    },

    async end(sid) {
      open()
      const session = families.get(sid)?.live
      if (!session) return false
      end(session)
      return true
    },

    async mark(user) {
      open()
      return revocations.mark(user)
    },

    async revoke(epoch, at) {
      open()
      const before = revocations.add(epoch, at)
      for (const family of families.values()) {
        const session = family.live
        if (session !== null && revocations.covers(session)) endFamily(family, session)
      }
      watchers.deliver({ kind: 'revoked', epoch: epoch === 'all' ? 'all' : { user: epoch.user }, before })
    },

    async listByUser(user) {
      open()
      const found = [...liveSessions()].filter((session) => session.user === user)
      return found.sort(byAge).map(copyOf)
    },

    async *scan() {
      open()
      for (const session of [...liveSessions()]) {
        if (liveOf(session.id) !== null) yield copyOf(session)
      }
    },

    async sweep(limit) {
      open()
      const removed = sweepFamilies(now(), limit)
      return removed + counters.sweep(limit - removed)
    },

    async readState(scope, keys): Promise<ReadonlyMap<string, StateEntry>> {
      open()
      return stateOf(scope)?.read(scope.name, keys) ?? new Map()
    },

    async writeState(scope: StateScope, changes: readonly StateChange[], maxBytes?: number) {
      open()
      const state = stateOf(scope)
      if (state === null) return { outcome: 'gone' }
      const write = state.write(scope.name, changes, maxBytes)
      if (write.outcome === 'written' && write.versions.size > 0) {
        const change: StoreChange = {
          kind: 'state',
          scope: { sid: scope.sid, name: scope.name },
          keys: [...write.versions.keys()],
        }
        watchers.deliver(change)
      }
      return write
    },

    async once(key, ttl) {
      open()
      return counters.once(key, ttl)
    },

    async hit(key, window) {
      open()
      return counters.hit(key, window)
    },

    async readKeyring() {
      open()
      return keyring === null ? null : { version: keyring.version, box: new Uint8Array(keyring.box) }
    },

    async writeKeyring(version, box) {
      open()
      if ((keyring?.version ?? null) !== version) return false
      keyring = { version: (version ?? 0) + 1, box: new Uint8Array(box) }
      return true
    },

    watch: (listener) => watchers.add(listener),

    // Every change is delivered within the write that makes it.
    isCurrent: () => !closed,

    async ping() {
      open()
    },

    async close() {
      closed = true
    },
  }
}
