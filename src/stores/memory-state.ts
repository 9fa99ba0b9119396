import type { StateChange, StateEntry, StateWrite } from '../core/contracts.ts'

interface Scope {
  readonly entries: Map<string, StateEntry>
  /** The highest version a deletion took: a key written anew goes on above it, so that no version comes back. */
  floor: number
  /** The lengths of all values, summed. */
  bytes: number
}

/** The state of one owner, scope by scope, in memory. */
export interface MemoryState {
  /** Copies of the entries of the scope, all of them or those among `keys`. */
  read(name: string, keys?: readonly string[]): Map<string, StateEntry>
  /** Applies all changes or none. */
  write(
    name: string,
    changes: readonly StateChange[],
    maxBytes?: number,
  ): Exclude<StateWrite, { outcome: 'gone' }>
  /** Removes at most `limit` entries; how many. */
  remove(limit: number): number
  clear(): void
}

/** Whether a change's condition holds against the entry as it is. */
function isMet(change: StateChange, entry: StateEntry | undefined): boolean {
  return change.ifVersion === undefined || change.ifVersion === (entry?.version ?? null)
}

/** What the scope's values would come to after the changes: of several on one key the last stays. */
function bytesAfter(scope: Scope, changes: readonly StateChange[]): number {
  let bytes = scope.bytes
  for (const [key, { value }] of new Map(changes.map((change) => [change.key, change]))) {
    bytes += (value?.length ?? 0) - (scope.entries.get(key)?.value.length ?? 0)
  }
  return bytes
}

function apply(scope: Scope, change: StateChange): number | null {
  const current = scope.entries.get(change.key)
  if (change.value !== null) {
    const version = (current?.version ?? scope.floor) + 1
    scope.entries.set(change.key, { value: new Uint8Array(change.value), version })
    return version
  }
  if (current === undefined) return null
  scope.entries.delete(change.key)
  scope.floor = Math.max(scope.floor, current.version + 1)
  return current.version + 1
}

/** No state at all. */
export function createMemoryState(): MemoryState {
  const scopes = new Map<string, Scope>()
  return {
    read(name, keys) {
      const entries = scopes.get(name)?.entries
      const found = new Map<string, StateEntry>()
      for (const key of keys ?? entries?.keys() ?? []) {
        const entry = entries?.get(key)
        if (entry !== undefined) found.set(key, { ...entry, value: new Uint8Array(entry.value) })
      }
      return found
    },

    write(name, changes, maxBytes = Number.POSITIVE_INFINITY) {
      const scope = scopes.get(name) ?? { entries: new Map(), floor: 0, bytes: 0 }
      const conflicts = changes.filter((change) => !isMet(change, scope.entries.get(change.key)))
      if (conflicts.length > 0) {
        return { outcome: 'conflict', keys: [...new Set(conflicts.map((change) => change.key))] }
      }
      const bytes = bytesAfter(scope, changes)
      if (bytes > maxBytes && bytes > scope.bytes) return { outcome: 'full', bytes }
      scopes.set(name, scope)
      scope.bytes = bytes
      const versions = new Map<string, number>()
      for (const change of changes) {
        const version = apply(scope, change)
        if (version !== null) versions.set(change.key, version)
      }
      return { outcome: 'written', versions }
    },

    remove(limit) {
      let removed = 0
      for (const scope of scopes.values()) {
        for (const [key, { value }] of [...scope.entries]) {
          if (removed === limit) return removed
          scope.entries.delete(key)
          scope.bytes -= value.length
          removed += 1
        }
      }
      return removed
    },

    clear() {
      scopes.clear()
    },
  }
}
