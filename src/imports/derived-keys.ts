/** Keys made of one password and many salts, where making one keeps a core busy for a tenth of a second. */
import { pbkdf2 } from 'node:crypto'
import { promisify } from 'node:util'
import { AuthError } from '../core/errors.ts'

const derive = promisify(pbkdf2)
// Anybody can ask for one by a salt of their own: more at once are turned away, not queued.
const mostAtOnce = 2
const mostKept = 1_000

export interface DerivedKeys {
  /**
   * The key of a salt: kept, or made, once for all who ask at once. Rejects with `AuthError` while as many others are being
   * made as may be: that says nothing about what the key would open.
   */
  of(salt: Uint8Array): Promise<Uint8Array>
  /** Keeps a key that has opened something: it was no guess, and guesses must not push it out. */
  keep(salt: Uint8Array, key: Uint8Array): void
}

/** PBKDF2 with SHA-256; keys of 32 bytes. */
export function derivedKeys(password: string, rounds: number): DerivedKeys {
  const kept = new Map<string, Uint8Array>()
  const underWay = new Map<string, Promise<Uint8Array>>()
  const nameOf = (salt: Uint8Array): string => Buffer.from(salt).toString('base64')

  return {
    async of(salt) {
      const name = nameOf(salt)
      const known = kept.get(name) ?? underWay.get(name)
      if (known !== undefined) return known
      if (underWay.size >= mostAtOnce)
        throw new AuthError('ERR_AUTH_BUSY', 'Too many old cookies to open at once. Try again in a moment.')
      const key = derive(password, salt, rounds, 32, 'sha256').finally(() => underWay.delete(name))
      underWay.set(name, key)
      return key
    },

    keep(salt, key) {
      const name = nameOf(salt)
      if (kept.has(name)) return
      if (kept.size >= mostKept) {
        const [oldest = ''] = kept.keys()
        kept.delete(oldest)
      }
      kept.set(name, key)
    },
  }
}
