/** State that servers read: values sealed under the store's own keys, key names replaced by keyed images. */
import type { Json, SessionStore, StateEntry, StateScope } from './contracts.ts'
import { fromUtf8, hmac, open, seal, toBase64url, toUtf8 } from './crypto.ts'
import { StoreError } from './errors.ts'
import type { Keyring } from './keyring.ts'

/** Reads and writes single values of a scope. Rejects with `StoreError` when the store cannot tell. */
export interface SealedState {
  /** The value; `null` if there is none, its session ended, or it was not sealed for this scope and key. */
  get(scope: StateScope, key: string): Promise<Json>
  /** Those of `keys` that have a value, as by `get`, read together. */
  many(scope: StateScope, keys: readonly string[]): Promise<ReadonlyMap<string, Json>>
  /** Stores the value, or removes it if `null`. `false`: the session that owns the scope has ended. */
  set(scope: StateScope, key: string, value: Json): Promise<boolean>
  /**
   * Stores what `next` makes of the present value, if nobody wrote meanwhile; else asks `next` again. `next` MUST have no
   * effect of its own; `undefined` from it leaves everything as it is. Resolves to what is stored then, or to `gone` once
   * the session that owns the scope has ended.
   */
  change(scope: StateScope, key: string, next: Next): Promise<Changed>
}

type Next = (value: Json) => Json | undefined
type Changed = { readonly value: Json } | 'gone'

// Each that fails lets another write through, so that this many in vain are no contention but a fault.
const mostRounds = 100

export function sealedState(store: SessionStore, keyring: Keyring): SealedState {
  // JSON keeps the parts apart, and spells out lone surrogates, which would all be one byte sequence in UTF-8.
  const image = (...parts: readonly string[]): string =>
    toBase64url(hmac(keyring.key('state-name/v1'), JSON.stringify(parts)))
  const hidden = (scope: StateScope): StateScope => ({ sid: scope.sid, name: image('scope', scope.name) })
  const bound = ({ sid, name }: StateScope, key: string): string =>
    `state/v1|${JSON.stringify([sid, name, key])}`

  const opened = (scope: StateScope, key: string, entry: StateEntry | undefined): Json => {
    if (entry === undefined) return null
    const plain = open(keyring.key('state/v1'), entry.value, bound(scope, key))
    return plain === null ? null : (JSON.parse(fromUtf8(plain)) as Json)
  }
  const sealed = (scope: StateScope, key: string, value: Json): Uint8Array | null =>
    value === null ? null : seal(keyring.key('state/v1'), toUtf8(JSON.stringify(value)), bound(scope, key))
  const entryOf = async (scope: StateScope, key: string): Promise<StateEntry | undefined> => {
    const name = image('key', key)
    return (await store.readState(hidden(scope), [name])).get(name)
  }

  const changed = async (scope: StateScope, key: string, next: Next): Promise<Changed | 'conflict'> => {
    const entry = await entryOf(scope, key)
    const before = entry === undefined ? null : known(opened(scope, key, entry))
    const value = next(before)
    if (value === undefined) return { value: before }
    const change = {
      key: image('key', key),
      value: sealed(scope, key, value),
      ifVersion: entry?.version ?? null,
    }
    const { outcome } = await store.writeState(hidden(scope), [change])
    if (outcome === 'written') return { value }
    return outcome === 'gone' ? 'gone' : 'conflict'
  }

  return {
    async get(scope, key) {
      return opened(scope, key, await entryOf(scope, key))
    },

    async many(scope, keys) {
      const names = new Map(keys.map((key) => [image('key', key), key]))
      const found = new Map<string, Json>()
      for (const [name, entry] of await store.readState(hidden(scope), [...names.keys()])) {
        const key = names.get(name)
        const value = key === undefined ? null : opened(scope, key, entry)
        if (key !== undefined && value !== null) found.set(key, value)
      }
      return found
    },

    async set(scope, key, value) {
      const change = { key: image('key', key), value: sealed(scope, key, value) }
      const { outcome } = await store.writeState(hidden(scope), [change])
      return outcome === 'written'
    },

    async change(scope, key, next) {
      for (let round = 0; round < mostRounds; round++) {
        const done = await changed(scope, key, next)
        if (done !== 'conflict') return done
      }
      throw new StoreError(
        'ERR_STORE_UNAVAILABLE',
        'A value was changed by others again and again. Try later.',
      )
    },
  }
}

/** What somebody put there by hand is no reason to begin anew. */
function known(value: Json): Json {
  if (value === null)
    throw new StoreError('ERR_STORE_CORRUPT', 'A sealed value does not open at its place in the store.')
  return value
}
