import type { DatabaseSync } from 'node:sqlite'
import type { Creation, Epoch, StoredSession } from '../core/contracts.ts'
import { roomFor, type SessionLimit } from '../core/session-limit.ts'
import type { ChangeLog } from './sqlite-log.ts'
import { bytesParameter, cutOffOwner, isUnrevoked, ownerOf } from './sqlite-schema.ts'

/** The writes on sessions. Each is called within a transaction, and with the time it is. */
export interface SessionWrites {
  create(now: number, session: StoredSession, limit?: SessionLimit): Creation
  update(now: number, id: string, version: number, sealed: Uint8Array): boolean
  touch(now: number, id: string, idleAt: number): boolean
  rotate(now: number, id: string, version: number, next: StoredSession, sealedToken: Uint8Array): boolean
  present(now: number, id: string): boolean
  end(now: number, sid: string): boolean
  revoke(now: number, epoch: Epoch, at: number): void
}

/**
 * Removes a session and leaves a tombstone; `null` if there is none, else the id it had and whether it was live. Its state
 * is cut off and removed later: to wipe megabytes takes time and room on the disk, and a sign-out must not wait for either.
 */
export type RemoveSession = (sid: string) => { readonly id: string; readonly isLive: boolean } | null

export function prepareRemoval(db: DatabaseSync): RemoveSession {
  const find = db.prepare(`
    SELECT s.id, s.absolute_at AS absoluteAt, ${isUnrevoked} AS isLive FROM sessions AS s WHERE s.sid = ?`)
  const remove = db.prepare('DELETE FROM sessions WHERE sid = ?')
  const bury = db.prepare('INSERT INTO retired (id, sid, absolute_at) VALUES (?, ?, ?)')
  const closeChain = db.prepare('UPDATE retired SET next = NULL, sealed_token = NULL WHERE sid = ?')
  const cutOff = db.prepare(`UPDATE scopes SET owner = '${cutOffOwner}' || scope WHERE owner = ?`)
  return (sid) => {
    const found = find.get(sid)
    if (found === undefined) return null
    const id = String(found.id)
    remove.run(sid)
    closeChain.run(sid)
    bury.run(id, sid, Number(found.absoluteAt))
    cutOff.run(ownerOf(sid))
    return { id, isLive: found.isLive === 1 }
  }
}

export function prepareSessionWrites(
  db: DatabaseSync,
  log: ChangeLog,
  removal: RemoveSession,
): SessionWrites {
  const idUsed = db.prepare(`
    SELECT 1 FROM sessions WHERE id = ? UNION ALL SELECT 1 FROM retired WHERE id = ? LIMIT 1`)
  const sidUsed = db.prepare(`
    SELECT 1 FROM sessions WHERE sid = ? UNION ALL SELECT 1 FROM retired WHERE sid = ? LIMIT 1`)
  const revokedFrom = db.prepare(`
    SELECT 1 FROM (SELECT ? AS user, ? AS begun, NULL AS created_at) AS s WHERE ${isUnrevoked} IS NOT TRUE`)
  const ofUser = db.prepare(`
    SELECT s.sid, min(s.idle_at, s.absolute_at) <= ? AS isOver FROM sessions AS s WHERE s.user = ? AND ${isUnrevoked}
    ORDER BY s.created_at, s.row`)
  const insert = db.prepare(`
    INSERT INTO sessions (id, sid, user, begun, created_at, idle_at, absolute_at, version, key, sealed)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ${bytesParameter}, ${bytesParameter})`)
  const update = db.prepare(`
    UPDATE sessions AS s SET sealed = ${bytesParameter}, version = version + 1
    WHERE id = ? AND version = ? AND ${isUnrevoked} RETURNING sid`)
  const touch = db.prepare(`
    UPDATE sessions AS s SET idle_at = max(idle_at, ?) WHERE id = ? AND ${isUnrevoked}`)
  // The row stays where it is and takes the new id, so that a scan under way meets the session exactly once.
  const succeed = db.prepare(`
    UPDATE sessions AS s SET id = ?, idle_at = ?, version = ?, key = ${bytesParameter}, sealed = ${bytesParameter}
    WHERE id = ? AND version = ? AND sid = ? AND user IS ? AND created_at = ? AND absolute_at = ?
      AND ${isUnrevoked}`)
  const retire = db.prepare(`
    INSERT INTO retired (id, sid, absolute_at, next, sealed_token) VALUES (?, ?, ?, ?, ${bytesParameter})`)
  const present = db.prepare(`
    UPDATE retired SET presented_at = ?
    WHERE next = ? AND presented_at IS NULL
      AND EXISTS (SELECT 1 FROM sessions AS s WHERE s.sid = retired.sid AND ${isUnrevoked})`)
  const takeNumber = db.prepare('UPDATE epoch_of_all SET newest = newest + 1 RETURNING newest')
  const revokeUser = db.prepare(`
    INSERT INTO epochs (user, before, revoked_at) VALUES (?, ?, ?)
    ON CONFLICT (user) DO UPDATE SET before = excluded.before, swept = 0,
      revoked_at = max(excluded.revoked_at, coalesce(revoked_at, before))`)
  const revokeAll = db.prepare(`
    UPDATE epoch_of_all SET before = ?, swept_to = 0, revoked_at = max(?, coalesce(revoked_at, before))`)

  /** Makes room for one more session of the user; `false`: there is none. */
  function makeRoom(now: number, user: string, limit: SessionLimit): boolean {
    const mine = ofUser.all(now, user).map(({ sid, isOver }) => ({ sid: String(sid), isOver: isOver === 1 }))
    const room = roomFor(mine, limit, ({ isOver }) => isOver)
    for (const { sid } of room?.free ?? []) finish(now, sid)
    for (const { sid } of room?.replaced ?? []) finish(now, sid, 'replaced')
    return room !== null
  }

  function finish(now: number, sid: string, why?: 'replaced'): boolean {
    const removed = removal(sid)
    if (removed?.isLive !== true) return false
    log.append({ kind: 'ended', id: removed.id, sid, ...(why !== undefined && { why }) }, now)
    return true
  }

  return {
    create(now, session, limit) {
      const { id, sid, user, begun, createdAt, idleAt, absoluteAt, version, key, sealed } = session
      if (idUsed.get(id, id) !== undefined || sidUsed.get(sid, sid) !== undefined) return 'ended'
      if (revokedFrom.get(user, begun) !== undefined) return 'revoked'
      if (limit !== undefined && user !== null && !makeRoom(now, user, limit)) return 'full'
      insert.run(id, sid, user, begun, createdAt, idleAt, absoluteAt, version, key, sealed)
      return 'created'
    },

    update(now, id, version, sealed) {
      const row = update.get(sealed, id, version)
      if (row === undefined) return false
      log.append({ kind: 'changed', id, sid: String(row.sid) }, now)
      return true
    },

    touch: (_now, id, idleAt) => touch.run(idleAt, id).changes === 1,

    rotate(now, id, version, next, sealedToken) {
      if (next.version !== version + 1 || idUsed.get(next.id, next.id) !== undefined) return false
      const { sid, user, createdAt, absoluteAt } = next
      const done = succeed.run(
        ...[next.id, next.idleAt, next.version, next.key, next.sealed],
        ...[id, version, sid, user, createdAt, absoluteAt],
      )
      if (done.changes !== 1) return false
      retire.run(id, sid, absoluteAt, next.id, sealedToken)
      log.append({ kind: 'changed', id, sid }, now)
      return true
    },

    present: (now, id) => present.run(now, id).changes === 1,

    end: (now, sid) => finish(now, sid),

    revoke(now, epoch, at) {
      const before = Number(takeNumber.get()?.newest)
      if (epoch === 'all') revokeAll.run(before, at)
      else revokeUser.run(epoch.user, before, at)
      log.append({ kind: 'revoked', epoch, before }, now)
    },
  }
}
