import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { Found, Mark, StateEntry, StateScope, StoredSession } from '../core/contracts.ts'
import { begunOf, isUnrevoked, ownerOf } from './sqlite-schema.ts'

/** The reads, on the calling thread: a few microseconds each, and never waiting for a writer. */
export interface Reader {
  read(id: string): Found | null
  mark(user: string | null): Mark
  listByUser(user: string): readonly StoredSession[]
  /** Live sessions from `after` on, and where the next page starts; `null` after the last. */
  page(after: number): { readonly sessions: readonly StoredSession[]; readonly next: number | null }
  readState(scope: StateScope, keys?: readonly string[]): ReadonlyMap<string, StateEntry>
  readKeyring(): { readonly version: number; readonly box: Uint8Array } | null
  /** Whether `id` follows an id and was not presented yet. */
  isUnpresented(id: string): boolean
}

const pageSize = 200

const columns = `s.id, s.sid, s.user, ${begunOf}, s.created_at, s.idle_at, s.absolute_at, s.version, s.sealed, s.key`

type Columns = readonly [
  string,
  string,
  string | null,
  number,
  number,
  number,
  number,
  number,
  Uint8Array,
  Uint8Array,
]

function sessionOf(row: unknown): StoredSession {
  const [id, sid, user, begun, createdAt, idleAt, absoluteAt, version, sealed, key] = row as Columns
  return { id, sid, user, begun, createdAt, idleAt, absoluteAt, version, sealed, key }
}

/** A statement whose rows come as arrays: a microsecond less a session than as objects. */
function prepareRows(db: DatabaseSync, sql: string): StatementSync {
  const statement = db.prepare(sql)
  statement.setReturnArrays(true)
  return statement
}

type SessionRow = readonly [...Columns, row: number, isLive: number]

function rowsOf(rows: unknown): readonly SessionRow[] {
  return rows as readonly SessionRow[]
}

function isLive(row: SessionRow): boolean {
  return row[11] === 1
}

/**
 * Prepares the reads on a connection of their own. None of them spans two statements or is left half read: an open read
 * transaction would hold the connection, and with it `PRAGMA data_version`, in the past.
 */
export function prepareReader(db: DatabaseSync): Reader {
  const sessions = `SELECT ${columns}, s.row, ${isUnrevoked} FROM sessions AS s`
  const live = prepareRows(db, `SELECT ${columns} FROM sessions AS s WHERE s.id = ? AND ${isUnrevoked}`)
  const rotated = db.prepare(`
    SELECT r.next AS id, r.sealed_token AS sealedToken, r.presented_at AS presentedAt
    FROM retired AS r JOIN sessions AS s ON s.sid = r.sid
    WHERE r.id = ? AND r.next IS NOT NULL AND ${isUnrevoked}`)
  const unpresented = db.prepare('SELECT 1 FROM retired WHERE next = ? AND presented_at IS NULL')
  const ofUser = prepareRows(db, `${sessions} WHERE s.user = ? ORDER BY s.created_at, s.row`)
  const page = prepareRows(db, `${sessions} WHERE s.row > ? ORDER BY s.row LIMIT ${pageSize}`)
  const ownerLives = `(? IS NULL OR EXISTS (SELECT 1 FROM sessions AS s WHERE s.sid = ? AND ${isUnrevoked}))`
  const allEntries = db.prepare(`
    SELECT e.key, e.version, e.value FROM scopes AS c JOIN entries AS e ON e.scope = c.scope
    WHERE c.owner = ? AND c.name = ? AND ${ownerLives}`)
  const someEntries = db.prepare(`
    SELECT e.key, e.version, e.value FROM scopes AS c JOIN entries AS e ON e.scope = c.scope
    WHERE c.owner = ? AND c.name = ? AND ${ownerLives} AND e.key IN (SELECT value FROM json_each(?))`)
  const keyring = db.prepare('SELECT version, box FROM keyring')
  const mark = db.prepare(`
    SELECT newest, max(
      coalesce(revoked_at, before), coalesce((SELECT coalesce(revoked_at, before) FROM epochs WHERE user = ?), 0)
    ) AS revokedAt FROM epoch_of_all`)

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

    mark(user) {
      const row = mark.get(user)
      return { number: Number(row?.newest), revokedAt: Number(row?.revokedAt) }
    },

    listByUser: (user) => rowsOf(ofUser.all(user)).filter(isLive).map(sessionOf),

    page(after) {
      const rows = rowsOf(page.all(after))
      return { sessions: rows.filter(isLive).map(sessionOf), next: rows.at(-1)?.[10] ?? null }
    },

    readState({ sid, name }, keys) {
      const owner = ownerOf(sid)
      const rows =
        keys === undefined
          ? allEntries.all(owner, name, sid, sid)
          : someEntries.all(owner, name, sid, sid, JSON.stringify(keys))
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
