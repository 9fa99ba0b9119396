import { existsSync, renameSync } from 'node:fs'
import { resolve } from 'node:path'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import { hasKeys, type StoreArchive, type StoreRow } from '../core/archive.ts'
import type { StateScope } from '../core/contracts.ts'
import { ConfigError, StoreError } from '../core/errors.ts'
import { faultOf, isBusy } from './sqlite-fault.ts'
import { prepareFile } from './sqlite-file.ts'
import { bytesParameter, cutOffOwner, ownerOf, prepareSchema } from './sqlite-schema.ts'

type Row = Readonly<Record<string, unknown>>

// Scopes of sessions that ended wait for the sweep under another owner; nobody reads them any more.
const isKnown = `c.owner NOT GLOB '${cutOffOwner}*'`

/** The next revocation comes after everything that was taken over. */
const raised = 'UPDATE epoch_of_all SET newest = max(newest, ?)'

/** What was taken; the number of the newest revocation stays, for it only has to be higher than every other. */
const cleared = `
  DELETE FROM sessions; DELETE FROM retired; DELETE FROM epochs; DELETE FROM entries; DELETE FROM scopes;
  DELETE FROM onces; DELETE FROM hits; UPDATE epoch_of_all SET before = 0, revoked_at = NULL, swept_to = NULL;`

/** What is read, in this order, and what a row of it is. */
const readings: readonly (readonly [sql: string, asStoreRow: (row: Row) => StoreRow])[] = [
  [
    `SELECT NULL AS user, before, coalesce(revoked_at, before) AS at FROM epoch_of_all WHERE before > 0
     UNION ALL SELECT user, before, coalesce(revoked_at, before) FROM epochs`,
    ({ user, before, at }) => {
      const epoch = user === null ? 'all' : { user: String(user) }
      return { kind: 'epoch', epoch, before: Number(before), at: Number(at) }
    },
  ],
  ['SELECT * FROM retired', retiredOf],
  ['SELECT * FROM sessions ORDER BY row', sessionRowOf],
  [
    `SELECT * FROM scopes AS c WHERE ${isKnown}`,
    ({ owner, name, floor }) => ({ kind: 'scope', scope: scopeOf(owner, name), floor: Number(floor) }),
  ],
  [
    `SELECT c.owner, c.name, e.key, e.version, e.value FROM scopes AS c JOIN entries AS e USING (scope) WHERE ${isKnown}`,
    ({ owner, name, key, version, value }) => {
      const entry = { value: value as Uint8Array, version: Number(version) }
      return { kind: 'entry', scope: scopeOf(owner, name), key: String(key), entry }
    },
  ],
  ['SELECT * FROM onces', ({ key, until }) => ({ kind: 'once', key: String(key), until: Number(until) })],
  [
    'SELECT * FROM hits',
    ({ key, until, count }) => ({
      kind: 'hits',
      key: String(key),
      until: Number(until),
      count: Number(count),
    }),
  ],
  [
    'SELECT version, box FROM keyring',
    ({ version, box }) => ({ kind: 'keyring', version: Number(version), box: box as Uint8Array }),
  ],
]

/** Opens a file that no gateway uses, to move what is in it. It must be there, unless it is to be made. */
export function sqliteArchive(file: string, isNew = false): StoreArchive {
  const path = resolve(file)
  if (!isNew && !existsSync(path)) {
    throw new ConfigError('ERR_CONFIG_INVALID', `There is no SQLite store ${path}. Is it the right path?`)
  }
  const db = guard(open)

  function guard<Value>(act: () => Value): Value {
    try {
      return act()
    } catch (error) {
      if (error instanceof ConfigError) throw error
      const { code, message } = faultOf(error, path)
      throw new StoreError(code, message, { cause: error })
    }
  }

  function open(): DatabaseSync {
    prepareFile(path)
    const db = new DatabaseSync(path, { timeout: 250 })
    try {
      // Kept until the file is closed; refused while anybody else has it open.
      db.exec('PRAGMA locking_mode = EXCLUSIVE')
      prepareSchema(db, path)
      db.exec('PRAGMA synchronous = FULL; BEGIN IMMEDIATE; COMMIT')
      return db
    } catch (error) {
      db.close()
      if (!isBusy(error)) throw error
      const message = `A gateway uses the SQLite store ${path}. Stop it first: what ended meanwhile would come back.`
      throw new ConfigError('ERR_CONFIG_INVALID', message)
    }
  }

  function* read(): Generator<StoreRow> {
    for (const [sql, asStoreRow] of readings) {
      for (const row of db.prepare(sql).iterate()) yield asStoreRow(row)
    }
  }

  function keep(row: StoreRow): void {
    const run = (sql: string, ...values: SQLInputValue[]): void => void db.prepare(sql).run(...values)
    switch (row.kind) {
      case 'epoch':
        run(raised, row.before)
        if (row.epoch === 'all') {
          return run(
            'UPDATE epoch_of_all SET before = ?, revoked_at = ?, swept_to = 0 WHERE before < ?',
            ...[row.before, row.at, row.before],
          )
        }
        return run(
          'INSERT OR IGNORE INTO epochs (user, before, revoked_at) VALUES (?, ?, ?)',
          ...[row.epoch.user, row.before, row.at],
        )
      case 'retired':
        return run(
          'INSERT OR IGNORE INTO retired (id, sid, absolute_at, next, sealed_token, presented_at) VALUES (?, ?, ?, ?, ?, ?)',
          ...[row.id, row.sid, row.absoluteAt, row.next?.id ?? null],
          ...[row.next?.sealedToken ?? null, row.next?.presentedAt ?? null],
        )
      case 'session': {
        const { id, sid, user, begun, createdAt, idleAt, absoluteAt, version, key, sealed } = row.session
        run(raised, begun)
        return run(
          `INSERT OR IGNORE INTO sessions (id, sid, user, begun, created_at, idle_at, absolute_at, version, key, sealed)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ${bytesParameter}, ${bytesParameter})`,
          ...[id, sid, user, begun, createdAt, idleAt, absoluteAt, version, key, sealed],
        )
      }
      case 'scope':
        return run(
          'INSERT OR IGNORE INTO scopes (owner, name, floor) VALUES (?, ?, ?)',
          ...[ownerOf(row.scope.sid), row.scope.name, row.floor],
        )
      case 'entry': {
        const scope = [ownerOf(row.scope.sid), row.scope.name]
        const insert = db.prepare(
          `INSERT OR IGNORE INTO entries (scope, key, version, value)
           SELECT scope, ?, ?, ${bytesParameter} FROM scopes WHERE owner = ? AND name = ?`,
        )
        if (insert.run(row.key, row.entry.version, row.entry.value, ...scope).changes === 0) return
        // What a scope may hold is counted as it grows.
        return run(
          'UPDATE scopes SET bytes = bytes + ? WHERE owner = ? AND name = ?',
          ...[row.entry.value.length, ...scope],
        )
      }
      case 'once':
        return run('INSERT OR IGNORE INTO onces VALUES (?, ?)', row.key, row.until)
      case 'hits':
        return run('INSERT OR IGNORE INTO hits VALUES (?, ?, ?)', row.key, row.until, row.count)
      case 'keyring':
        return run(`INSERT OR IGNORE INTO keyring VALUES (1, ?, ${bytesParameter})`, row.version, row.box)
    }
  }

  /** All of it or nothing. */
  function atOnce(act: () => void): void {
    guard(() => {
      db.exec('BEGIN IMMEDIATE')
      try {
        act()
        db.exec('COMMIT')
      } catch (error) {
        if (db.isTransaction) db.exec('ROLLBACK')
        throw error
      }
    })
  }

  return {
    async *rows() {
      const rows = read()
      for (;;) {
        const row = guard(() => rows.next())
        if (row.done) return
        yield row.value
      }
    },

    take: async (rows) =>
      atOnce(() => {
        for (const row of rows) keep(row)
      }),

    clear: async () =>
      atOnce(() => {
        if (db.prepare('SELECT 1 FROM keyring').get() !== undefined) {
          throw new ConfigError('ERR_CONFIG_INVALID', hasKeys)
        }
        db.exec(cleared)
      }),

    async retire() {
      const to = `${path}.moved`
      guard(() => {
        if (db.isOpen) db.close()
        if (existsSync(to)) {
          throw new ConfigError(
            'ERR_CONFIG_INVALID',
            `${to} is there already. Move it away, then rename ${path} yourself.`,
          )
        }
        renameSync(path, to)
      })
      return to
    },

    async close() {
      if (db.isOpen) db.close()
    },
  }
}

function scopeOf(owner: unknown, name: unknown): StateScope {
  const text = String(owner)
  return { sid: text.startsWith('sid:') ? text.slice('sid:'.length) : null, name: String(name) }
}

function retiredOf(row: Row): StoreRow {
  const { id, sid, absolute_at, next, sealed_token, presented_at } = row
  const presentedAt = presented_at === null ? null : Number(presented_at)
  return {
    kind: 'retired',
    id: String(id),
    sid: String(sid),
    absoluteAt: Number(absolute_at),
    next: next === null ? null : { id: String(next), sealedToken: sealed_token as Uint8Array, presentedAt },
  }
}

function sessionRowOf(row: Row): StoreRow {
  return {
    kind: 'session',
    session: {
      id: String(row.id),
      sid: String(row.sid),
      user: row.user === null ? null : String(row.user),
      begun: Number(row.begun ?? row.created_at),
      createdAt: Number(row.created_at),
      idleAt: Number(row.idle_at),
      absoluteAt: Number(row.absolute_at),
      version: Number(row.version),
      sealed: row.sealed as Uint8Array,
      key: row.key as Uint8Array,
    },
  }
}
