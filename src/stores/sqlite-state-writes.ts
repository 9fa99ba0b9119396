import type { DatabaseSync } from 'node:sqlite'
import type { StateChange, StateScope, StateWrite } from '../core/contracts.ts'
import type { ChangeLog } from './sqlite-log.ts'
import { bytesParameter, isUnrevoked, ownerOf } from './sqlite-schema.ts'

/** The writes on state, counters and the keyring. Each is called within a transaction, and with the time it is. */
export interface StateWrites {
  writeState(now: number, scope: StateScope, changes: readonly StateChange[], maxBytes?: number): StateWrite
  once(now: number, key: string, ttl: number): boolean
  hit(now: number, key: string, window: number): number
  writeKeyring(now: number, version: number | null, box: Uint8Array): boolean
}

interface Scope {
  readonly number: number
  floor: number
}

/** What is known of a key before a write: its version, and the length of its value. */
interface Entry {
  readonly version: number | null
  readonly bytes: number
}

export function prepareStateWrites(db: DatabaseSync, log: ChangeLog): StateWrites {
  const isLive = db.prepare(`SELECT 1 FROM sessions AS s WHERE s.sid = ? AND ${isUnrevoked}`)
  const openScope = db.prepare(`
    INSERT INTO scopes (owner, name, floor) VALUES (?, ?, 0)
    ON CONFLICT (owner, name) DO UPDATE SET floor = floor RETURNING scope AS number, floor, bytes`)
  const closeScope = db.prepare('UPDATE scopes SET floor = ?, bytes = ? WHERE scope = ?')
  const bytesOf = db.prepare('SELECT bytes FROM scopes WHERE owner = ? AND name = ?')
  const entryOf = db.prepare(`
    SELECT version, length(value) AS bytes FROM entries
    WHERE key = ? AND scope = (SELECT scope FROM scopes WHERE owner = ? AND name = ?)`)
  const set = db.prepare(`
    INSERT INTO entries (scope, key, version, value) VALUES (?, ?, ?, ${bytesParameter})
    ON CONFLICT (scope, key) DO UPDATE SET version = excluded.version, value = excluded.value`)
  const remove = db.prepare('DELETE FROM entries WHERE scope = ? AND key = ?')
  const once = db.prepare(`
    INSERT INTO onces (key, until) VALUES (?, ?)
    ON CONFLICT (key) DO UPDATE SET until = excluded.until WHERE onces.until <= ?`)
  const hit = db.prepare(`
    INSERT INTO hits (key, until, count) VALUES (?, ?, 1)
    ON CONFLICT (key) DO UPDATE SET
      count = CASE WHEN until <= ? THEN 1 ELSE count + 1 END,
      until = CASE WHEN until <= ? THEN excluded.until ELSE until END
    RETURNING count`)
  const firstKeyring = db.prepare(`
    INSERT INTO keyring (only, version, box) VALUES (1, 1, ${bytesParameter}) ON CONFLICT (only) DO NOTHING`)
  const nextKeyring = db.prepare(
    `UPDATE keyring SET version = version + 1, box = ${bytesParameter} WHERE version = ?`,
  )

  function currentEntry(scope: StateScope, key: string): Entry {
    const row = entryOf.get(key, ownerOf(scope.sid), scope.name)
    if (row === undefined) return { version: null, bytes: 0 }
    return { version: Number(row.version), bytes: Number(row.bytes) }
  }

  /** By how much the changes would make the scope grow: of several on one key the last stays. */
  function growth(scope: StateScope, changes: readonly StateChange[]): number {
    let bytes = 0
    for (const [key, { value }] of new Map(changes.map((change) => [change.key, change]))) {
      bytes += (value?.length ?? 0) - currentEntry(scope, key).bytes
    }
    return bytes
  }

  function apply(scope: Scope, change: StateChange, current: number | null): number | null {
    const { key, value } = change
    if (value !== null) {
      const version = (current ?? scope.floor) + 1
      set.run(scope.number, key, version, value)
      return version
    }
    if (current === null) return null
    remove.run(scope.number, key)
    scope.floor = Math.max(scope.floor, current + 1)
    return current + 1
  }

  function refusal(scope: StateScope, changes: readonly StateChange[]): StateWrite | null {
    if (scope.sid !== null && isLive.get(scope.sid) === undefined) return { outcome: 'gone' }
    const isUnmet = ({ key, ifVersion }: StateChange): boolean =>
      ifVersion !== undefined && ifVersion !== currentEntry(scope, key).version
    const conflicts = changes.filter(isUnmet).map(({ key }) => key)
    return conflicts.length === 0 ? null : { outcome: 'conflict', keys: [...new Set(conflicts)] }
  }

  function applyAll(
    scope: StateScope,
    changes: readonly StateChange[],
    bytes: number,
  ): ReadonlyMap<string, number> {
    const row = openScope.get(ownerOf(scope.sid), scope.name)
    const opened: Scope = { number: Number(row?.number), floor: Number(row?.floor) }
    const versions = new Map<string, number>()
    for (const change of changes) {
      const version = apply(opened, change, currentEntry(scope, change.key).version)
      if (version !== null) versions.set(change.key, version)
    }
    if (opened.floor !== row?.floor || bytes !== row?.bytes)
      closeScope.run(opened.floor, bytes, opened.number)
    return versions
  }

  return {
    writeState(now, scope, changes, maxBytes = Number.POSITIVE_INFINITY) {
      const refused = refusal(scope, changes)
      if (refused !== null) return refused
      if (changes.length === 0) return { outcome: 'written', versions: new Map() }
      const grown = growth(scope, changes)
      const bytes = Number(bytesOf.get(ownerOf(scope.sid), scope.name)?.bytes ?? 0) + grown
      if (grown > 0 && bytes > maxBytes) return { outcome: 'full', bytes }
      const versions = applyAll(scope, changes, bytes)
      if (versions.size > 0) log.append({ kind: 'state', scope, keys: [...versions.keys()] }, now)
      return { outcome: 'written', versions }
    },

    once: (now, key, ttl) => once.run(key, now + ttl, now).changes === 1,

    hit: (now, key, window) => Number(hit.get(key, now + window, now, now)?.count),

    writeKeyring(_now, version, box) {
      const done = version === null ? firstKeyring.run(box) : nextKeyring.run(box, version)
      return done.changes === 1
    },
  }
}
