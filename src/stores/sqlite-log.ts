import type { DatabaseSync } from 'node:sqlite'
import type { StoreChange } from '../core/contracts.ts'

/** Writes changes down for every process that follows them, within the transaction that makes them. */
export interface ChangeLog {
  append(change: Exclude<StoreChange, { kind: 'gap' }>, at: number): void
  /** Removes old changes, a bounded number of them. Who had not read them yet learns that there is a gap. */
  prune(now: number): void
}

// Readers look every few milliseconds; one that was stopped for longer has nothing in memory worth keeping.
const keptFor = 15 * 60_000
const pruneEvery = 500
const pruneAtMost = 5000

export function prepareLog(db: DatabaseSync): ChangeLog {
  const insert = db.prepare(`
    INSERT INTO changes (at, kind, id, sid, user, before, name, keys) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`)
  const removeOldest = db.prepare(`
    DELETE FROM changes WHERE at < ? AND seq IN (SELECT seq FROM changes ORDER BY seq LIMIT ${pruneAtMost})`)
  let appended = 0

  function prune(now: number): void {
    removeOldest.run(now - keptFor)
  }

  return {
    prune,
    append(change, at) {
      if (change.kind === 'state') {
        const { scope, keys } = change
        insert.run(at, change.kind, null, scope.sid, null, null, scope.name, JSON.stringify(keys))
      } else if (change.kind === 'revoked') {
        const user = change.epoch === 'all' ? null : change.epoch.user
        insert.run(at, change.kind, null, null, user, change.before, null, null)
      } else {
        const why = change.kind === 'ended' ? (change.why ?? null) : null
        insert.run(at, change.kind, change.id, change.sid, null, null, why, null)
      }
      appended += 1
      if (appended % pruneEvery === 0) prune(at)
    },
  }
}
