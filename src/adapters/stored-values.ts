/** The values of a stored session, sealed for servers. */
import type { SessionStore, StateScope } from '../core/contracts.ts'
import { fromUtf8, hmac, open, seal, toBase64url, toUtf8 } from '../core/crypto.ts'
import type { Keyring } from '../core/keyring.ts'
import type { Session } from '../core/session.ts'
import type { ValueScope } from './session-values.ts'

export function storedValues(store: SessionStore, keyring: Keyring, session: Session): ValueScope {
  const key = keyring.key('library/v1')
  const image = (name: string): string => toBase64url(hmac(key, name))
  const scope: StateScope = { sid: session.sid, name: image(`session:${session.app}`) }
  return {
    async read(keys) {
      const found = await store.readState(scope, keys?.map(image))
      const entries = new Map<string, { text: string; version: number }>()
      for (const [name, { value, version }] of found) {
        const plain = open(key, value, `${session.sid}|${name}`)
        if (plain === null) continue
        const { k, v } = JSON.parse(fromUtf8(plain)) as { k: string; v: string }
        entries.set(k, { text: v, version })
      }
      return entries
    },
    async write(changes) {
      const outcome = await store.writeState(
        scope,
        changes.map(({ key: name, text, ...rest }) => {
          const sealed =
            text === null
              ? null
              : seal(key, toUtf8(JSON.stringify({ k: name, v: text })), `${session.sid}|${image(name)}`)
          return { key: image(name), value: sealed, ...rest }
        }),
      )
      return outcome.outcome === 'full' ? { outcome: 'gone' } : outcome
    },
  }
}
