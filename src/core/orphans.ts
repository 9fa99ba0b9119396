/**
 * Sessions that were made, or may have been, and whose credential nobody was given: the store failed between the two.
 * They take room under a limit of sessions and stand in every list, so they are ended; where the store is away, later.
 */
import type { SessionStore, StoredSession } from './contracts.ts'

export interface Orphans {
  /** To be ended: a session that was made. Returns at once, and never fails. */
  made(session: Pick<StoredSession, 'sid' | 'user' | 'idleAt'>): void
  /** To be ended: one of which nobody knows whether it was stored, or still will be. Returns at once, and never fails. */
  unsure(record: StoredSession): void
  /** Ends those of a user now, before one more is counted. Rejects as the store does. */
  endOf(user: string): Promise<void>
}

export interface OrphansOptions {
  readonly store: Pick<SessionStore, 'create' | 'end'>
  readonly now: () => number
}

interface Orphan {
  readonly sid: string
  readonly user: string | null
  /** From then on it takes no room, and ends by itself. */
  readonly idleAt: number
  readonly record: StoredSession | null
}

// A store that comes back must not be met by a storm: one call at a time, and a pause after each that failed.
const pause = 2_000
// Each took a right password and a store that failed. Who is forgotten here ends at its deadline.
const mostKept = 10_000

export function orphans({ store, now }: OrphansOptions): Orphans {
  const waiting = new Map<string, Orphan>()
  let isUnderWay = false

  async function end({ sid, record }: Orphan): Promise<void> {
    if ((await store.end(sid)) || record === null) return
    // The race: its creation is still on its way, to a server that stood still or over a connection that was given up. A
    // tombstone keeps it out; what is past its deadline takes nobody's room until it is one.
    if ((await store.create({ ...record, idleAt: 0 })) !== 'revoked') await store.end(sid)
  }

  async function endAll(): Promise<void> {
    for (const [sid, orphan] of waiting) {
      if (now() < orphan.idleAt) {
        try {
          await end(orphan)
        } catch {
          // Behind the others: one row that the store cannot change must not keep them.
          waiting.delete(sid)
          waiting.set(sid, orphan)
          setTimeout(() => void endAll(), pause).unref?.()
          return
        }
      }
      waiting.delete(sid)
    }
    isUnderWay = false
  }

  function add(orphan: Orphan): void {
    const [oldest] = waiting.keys()
    if (waiting.size >= mostKept && oldest !== undefined) waiting.delete(oldest)
    waiting.set(orphan.sid, orphan)
    if (isUnderWay) return
    isUnderWay = true
    void endAll()
  }

  return {
    made: ({ sid, user, idleAt }) => add({ sid, user, idleAt, record: null }),
    unsure: (record) => add({ sid: record.sid, user: record.user, idleAt: record.idleAt, record }),

    async endOf(user) {
      for (const [sid, orphan] of [...waiting]) {
        if (orphan.user !== user) continue
        await end(orphan)
        waiting.delete(sid)
      }
    },
  }
}
