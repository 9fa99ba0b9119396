/** State that servers read: values sealed under the store's own keys, key names replaced by keyed images. */
import type { Json, SessionStore, StateScope } from './contracts.ts'
import { fromUtf8, hmac, open, seal, toBase64url, toUtf8 } from './crypto.ts'
import type { Keyring } from './keyring.ts'

/** Reads and writes single values of a scope. Rejects with `StoreError` when the store cannot tell. */
export interface SealedState {
  /** The value; `null` if there is none, its session ended, or it was not sealed for this scope and key. */
  get(scope: StateScope, key: string): Promise<Json>
  /** Stores the value, or removes it if `null`. `false`: the session that owns the scope has ended. */
  set(scope: StateScope, key: string, value: Json): Promise<boolean>
}

export function sealedState(store: SessionStore, keyring: Keyring): SealedState {
  // JSON keeps the parts apart, and spells out lone surrogates, which would all be one byte sequence in UTF-8.
  const image = (...parts: readonly string[]): string =>
    toBase64url(hmac(keyring.key('state-name/v1'), JSON.stringify(parts)))
  const hidden = (scope: StateScope): StateScope => ({ sid: scope.sid, name: image('scope', scope.name) })
  const bound = ({ sid, name }: StateScope, key: string): string =>
    `state/v1|${JSON.stringify([sid, name, key])}`

  return {
    async get(scope, key) {
      const name = image('key', key)
      const entry = (await store.readState(hidden(scope), [name])).get(name)
      if (entry === undefined) return null
      const plain = open(keyring.key('state/v1'), entry.value, bound(scope, key))
      return plain === null ? null : (JSON.parse(fromUtf8(plain)) as Json)
    },

    async set(scope, key, value) {
      const box =
        value === null
          ? null
          : seal(keyring.key('state/v1'), toUtf8(JSON.stringify(value)), bound(scope, key))
      const { outcome } = await store.writeState(hidden(scope), [{ key: image('key', key), value: box }])
      return outcome === 'written'
    },
  }
}
