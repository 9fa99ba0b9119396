import type { DatabaseSync } from 'node:sqlite'
import type { Found, StateEntry, StateScope, StoredSession } from '../core/contracts.ts'
import { isUnrevoked, ownerOf } from './sqlite-schema.ts'

/** The reads, on the calling thread: a few microseconds each, and never waiting for a writer. */
export interface Reader {
  read(id: string): Found | null
  listByUser(user: string): readonly StoredSession[]
  /** Live sessions from `after` on, and where the next page starts; `null` after the last. */
  page(after: number): { readonly sessions: readonly StoredSession[]; readonly next: number | null }
  readState(scope: StateScope, keys?: readonly string[]): ReadonlyMap<string, StateEntry>
  readKeyring(): { readonly version: number; readonly box: Uint8Array } | null
  /** Whether `id` follows an id and was not presented yet. Once `false`, always `false`. */
  isUnpresented(id: string): boolean
}

const pageSize = 200

const columns = `s.id, s.sid, s.user, s.created_at AS createdAt, s.idle_at AS idleAt, s.absolute_at AS absoluteAt,
  s.version, s.sealed, s.key`

function sessionOf(row: Record<string, unknown>): StoredSession {
  const { id, sid, user, createdAt, idleAt, absoluteAt, version, sealed, key } =
    row as unknown as StoredSession
  return { id, sid, user, createdAt, idleAt, absoluteAt, version, sealed, key }
}

/**
 * Prepares the reads on a connection of their own. None of them spans two statements or is left half read: an open read
 * transaction would hold the connection, and with it `PRAGMA data_version`, in the past.
 */
export function prepareReader(db: DatabaseSync): Reader {
  const live = db.prepare(`SELECT ${columns} FROM sessions AS s WHERE s.id = ? AND ${isUnrevoked}`)
  const rotated = db.prepare(`
    SELECT r.next AS id, r.sealed_token AS sealedToken, r.presented_at AS presentedAt
    FROM retired AS r JOIN sessions AS s ON s.sid = r.sid
    WHERE r.id = ? AND r.next IS NOT NULL AND ${isUnrevoked}`)
  const unpresented = db.prepare('SELECT 1 FROM retired WHERE next = ? AND presented_at IS NULL')
  const ofUser = db.prepare(`
    SELECT ${columns} FROM sessions AS s WHERE s.user = ? AND ${isUnrevoked} ORDER BY s.created_at, s.row`)
  const page = db.prepare(`
    SELECT s.row, ${isUnrevoked} AS isLive, ${columns} FROM sessions AS s
    WHERE s.row > ? ORDER BY s.row LIMIT ${pageSize}`)
  const ownerLives = `(?3 IS NULL OR EXISTS (SELECT 1 FROM sessions AS s WHERE s.sid = ?3 AND ${isUnrevoked}))`
  const allEntries = db.prepare(`
    SELECT e.key, e.version, e.value FROM scopes AS c JOIN entries AS e ON e.scope = c.scope
    WHERE c.owner = ?1 AND c.name = ?2 AND ${ownerLives}`)
  const someEntries = db.prepare(`
    SELECT e.key, e.version, e.value FROM scopes AS c JOIN entries AS e ON e.scope = c.scope
    WHERE c.owner = ?1 AND c.name = ?2 AND ${ownerLives} AND e.key IN (SELECT value FROM json_each(?4))`)
  const keyring = db.prepare('SELECT version, box FROM keyring')

  return {
    // Two statements, yet one answer: what was not live at the first can, at the second, only be rotated, ended or new,
    // and an id that was never seen before the first began may be answered as such.
    read(id) {
      const session = live.get(id)
      if (session !== undefined) return { state: 'live', session: sessionOf(session) }
      const next = rotated.get(id)
      if (next === undefined) return null
      const presentedAt = next.presentedAt === null ? null : Number(next.presentedAt)
      const sealedToken = next.sealedToken as Uint8Array
      return { state: 'rotated', next: { id: String(next.id), sealedToken, presentedAt } }
    },

    listByUser: (user) => ofUser.all(user).map(sessionOf),

    page(after) {
      const rows = page.all(after)
      const last = rows.at(-1)
      return {
        sessions: rows.filter((row) => row.isLive === 1).map(sessionOf),
        next: last === undefined ? null : Number(last.row),
      }
    },

    readState({ sid, name }, keys) {
      const owner = ownerOf(sid)
      const rows =
        keys === undefined
          ? allEntries.all(owner, name, sid)
          : someEntries.all(owner, name, sid, JSON.stringify(keys))
      return new Map(
        rows.map((row) => [
          String(row.key),
          { value: row.value as Uint8Array, version: Number(row.version) },
        ]),
      )
    },

    readKeyring() {
      const row = keyring.get()
      return row === undefined ? null : { version: Number(row.version), box: row.box as Uint8Array }
    },

    isUnpresented: (id) => unpresented.get(id) !== undefined,
  }
}
