import type { DatabaseSync } from 'node:sqlite'
import type { ChangeLog } from './sqlite-log.ts'
import { begunOf, cutOffOwner, ownerOf } from './sqlite-schema.ts'
import type { RemoveSession } from './sqlite-session-writes.ts'

/** Removes at most `limit` rows that nobody needs any more; how many. Called within a transaction. */
export type Sweep = (now: number, limit: number) => number

/** Removes at most `limit` entries of sessions that ended; how many. Called within a transaction. */
export type RemoveCutOff = (limit: number) => number

// How many rows one sweep looks at for an epoch that covers everyone: 1 MB of pages, a few milliseconds.
const looksAtMost = 2000
const epochsAtMost = 100
const scopesAtMost = 100

export function prepareRemoveCutOff(db: DatabaseSync): RemoveCutOff {
  const [from, to] = [cutOffOwner, `${cutOffOwner.slice(0, -1)};`]
  const scopes = db.prepare('SELECT scope FROM scopes WHERE owner >= ? AND owner < ? LIMIT ?')
  const removeEntries = db.prepare(`
    DELETE FROM entries WHERE row IN (SELECT row FROM entries WHERE scope = ? LIMIT ?)`)
  const removeScope = db.prepare('DELETE FROM scopes WHERE scope = ?')
  return (limit) => {
    let removed = 0
    for (const row of scopes.all(from, to, scopesAtMost)) {
      const scope = Number(row.scope)
      removed += Number(removeEntries.run(scope, limit - removed).changes)
      if (removed === limit) break
      removeScope.run(scope)
    }
    return removed
  }
}

export function prepareSweep(
  db: DatabaseSync,
  log: ChangeLog,
  removeSession: RemoveSession,
  removeCutOff: RemoveCutOff,
): Sweep {
  const expired = db.prepare('SELECT sid FROM sessions WHERE absolute_at <= ? ORDER BY absolute_at LIMIT ?')
  const removeExpired = db.prepare('DELETE FROM sessions WHERE sid = ?')
  const cutOff = db.prepare(`UPDATE scopes SET owner = '${cutOffOwner}' || scope WHERE owner = ?`)
  const others = [
    ['retired', 'id', 'absolute_at'],
    ['onces', 'key', 'until'],
    ['hits', 'key', 'until'],
  ].map(([table, key, deadline]) =>
    db.prepare(`DELETE FROM ${table} WHERE ${key} IN (
      SELECT ${key} FROM ${table} WHERE ${deadline} <= ? ORDER BY ${deadline} LIMIT ?)`),
  )

  const userEpochs = db.prepare(`SELECT user, before FROM epochs WHERE swept = 0 LIMIT ${epochsAtMost}`)
  const revokedOfUser = db.prepare(
    `SELECT s.sid FROM sessions AS s WHERE s.user = ? AND ${begunOf} < ? LIMIT ?`,
  )
  const closeUserEpoch = db.prepare('UPDATE epochs SET swept = 1 WHERE user = ?')
  const epochOfAll = db.prepare(
    'SELECT before, swept_to AS sweptTo FROM epoch_of_all WHERE swept_to IS NOT NULL',
  )
  const page = db.prepare(`
    SELECT row, sid, ${begunOf} AS begun FROM sessions AS s WHERE row > ? ORDER BY row LIMIT ${looksAtMost}`)
  const moveSweptTo = db.prepare('UPDATE epoch_of_all SET swept_to = ?')

  function sweepExpired(now: number, limit: number): number {
    const sids = expired.all(now, limit)
    for (const { sid } of sids) {
      cutOff.run(ownerOf(String(sid)))
      removeExpired.run(String(sid))
    }
    let removed = sids.length
    for (const statement of others) removed += Number(statement.run(now, limit - removed).changes)
    return removed
  }

  function sweepUserEpochs(limit: number): number {
    let removed = 0
    for (const { user, before } of userEpochs.all()) {
      const sids = revokedOfUser.all(String(user), Number(before), limit - removed)
      for (const { sid } of sids) removeSession(String(sid))
      removed += sids.length
      if (removed === limit) break
      closeUserEpoch.run(String(user))
    }
    return removed
  }

  // Sessions made after the epoch are never covered by it, so one walk through the rows that were there is enough.
  function sweepEpochOfAll(limit: number): number {
    const epoch = epochOfAll.get()
    if (epoch === undefined || limit === 0) return 0
    const rows = page.all(Number(epoch.sweptTo))
    let removed = 0
    let sweptTo: number | null = null
    for (const { row, sid, begun } of rows) {
      if (removed === limit) break
      sweptTo = Number(row)
      if (Number(begun) >= Number(epoch.before)) continue
      removeSession(String(sid))
      removed += 1
    }
    moveSweptTo.run(sweptTo)
    return removed
  }

  return (now, limit) => {
    log.prune(now)
    let removed = sweepExpired(now, limit)
    removed += sweepUserEpochs(limit - removed)
    removed += sweepEpochOfAll(limit - removed)
    return removed + removeCutOff(limit - removed)
  }
}
