import type { DatabaseSync } from 'node:sqlite'
import type { StateChange, StateScope, StateWrite } from '../core/contracts.ts'
import type { ChangeLog } from './sqlite-log.ts'
import { bytesParameter, isUnrevoked, ownerOf } from './sqlite-schema.ts'

/** The writes on state, counters and the keyring. Each is called within a transaction, and with the time it is. */
export interface StateWrites {
  writeState(now: number, scope: StateScope, changes: readonly StateChange[]): StateWrite
  once(now: number, key: string, ttl: number): boolean
  hit(now: number, key: string, window: number): number
  writeKeyring(now: number, version: number | null, box: Uint8Array): boolean
}

interface Scope {
  readonly number: number
  floor: number
}

export function prepareStateWrites(db: DatabaseSync, log: ChangeLog): StateWrites {
  const isLive = db.prepare(`SELECT 1 FROM sessions AS s WHERE s.sid = ? AND ${isUnrevoked}`)
  const openScope = db.prepare(`
    INSERT INTO scopes (owner, name, floor) VALUES (?, ?, 0)
    ON CONFLICT (owner, name) DO UPDATE SET floor = floor RETURNING scope AS number, floor`)
  const raiseFloor = db.prepare('UPDATE scopes SET floor = ? WHERE scope = ?')
  const versionOf = db.prepare(`
    SELECT version FROM entries WHERE key = ? AND scope = (SELECT scope FROM scopes WHERE owner = ? AND name = ?)`)
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

  function currentVersion(scope: StateScope, key: string): number | null {
    const row = versionOf.get(key, ownerOf(scope.sid), scope.name)
    return row === undefined ? null : Number(row.version)
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
    raiseFloor.run(scope.floor, scope.number)
    return current + 1
  }

  return {
    writeState(now, scope, changes) {
      if (scope.sid !== null && isLive.get(scope.sid) === undefined) return { outcome: 'gone' }
      const isUnmet = ({ key, ifVersion }: StateChange): boolean =>
        ifVersion !== undefined && ifVersion !== currentVersion(scope, key)
      const conflicts = changes.filter(isUnmet).map(({ key }) => key)
      if (conflicts.length > 0) return { outcome: 'conflict', keys: [...new Set(conflicts)] }
      if (changes.length === 0) return { outcome: 'written', versions: new Map() }
      const row = openScope.get(ownerOf(scope.sid), scope.name)
      const opened: Scope = { number: Number(row?.number), floor: Number(row?.floor) }
      const versions = new Map<string, number>()
      for (const change of changes) {
        const version = apply(opened, change, currentVersion(scope, change.key))
        if (version !== null) versions.set(change.key, version)
      }
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
