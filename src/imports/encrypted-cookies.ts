/** EncryptedCookieManager of streamlit-cookies-manager: each value a Fernet token under a password. */
import { fromUtf8 } from '../core/crypto.ts'
import { ConfigError } from '../core/errors.ts'
import { derivedKeys } from './derived-keys.ts'
import { openFernet } from './fernet.ts'
import type { ImportTransport } from './import-transport.ts'
import { oldCookie, percentDecoded } from './old-cookie.ts'
import { proofOf, secretsOf } from './old-secret.ts'
import { userIn } from './user-key.ts'

/** The manager as it was made in the app. */
export interface EncryptedCookiesOptions {
  readonly password: string
  /** The `prefix` the manager was given. @default '' */
  readonly prefix?: string
  /** Which of its cookies to read, without the prefix. */
  readonly names: readonly string[]
  /** Which of them says who is signed in. */
  readonly userKey: string
  /** `key_params_cookie`. @default 'EncryptedCookieManager.key_params' */
  readonly keyParams?: string
  /** How old the cookie of `userKey` may be, in seconds; the manager itself never asks. @default 31536000, a year */
  readonly lifetime?: number
}

// The manager has never used another; the cookie's word for it would let anybody ask for a billion.
const rounds = 390_000

/**
 * Reads the cookies that an EncryptedCookieManager wrote. `read` rejects with `AuthError` while it has too many keys to make:
 * whoever asks for that by forged cookies must not make good ones count for nothing.
 */
export function encryptedCookies(options: EncryptedCookiesOptions): ImportTransport {
  const name = 'encrypted-cookies'
  const [password = ''] = secretsOf(options.password, name)
  const { prefix = '', names, userKey, lifetime = 365 * 86_400 } = options
  if (!names.includes(userKey))
    throw new ConfigError(
      'ERR_CONFIG_INVALID',
      `import ${name}: the names do not include userKey ${userKey}.`,
    )
  const cookieOf = (one: string): ReturnType<typeof oldCookie> =>
    oldCookie({}, encodeURIComponent(`${prefix}${one}`))
  const params = cookieOf(options.keyParams ?? 'EncryptedCookieManager.key_params')
  const cookies = names.map((one) => ({ name: one, cookie: cookieOf(one) }))
  const keys = derivedKeys(password, rounds)

  return {
    name,
    async read(request, now) {
      const tokens = cookies.map(
        ({ name: one, cookie }) => [one, percentDecoded(cookie.read(request.cookie) ?? '')] as const,
      )
      const salt = saltOf(percentDecoded(params.read(request.cookie) ?? '') ?? '')
      const [, token = null] = tokens.find(([one]) => one === userKey) ?? []
      if (salt === null || token === null || !token.startsWith('gAAAA')) return null
      const key = await keys.of(salt)
      const found = openFernet(key, token)
      if (found === null) return null
      keys.keep(salt, key)
      if (found.issuedAt > now || now >= found.issuedAt + lifetime * 1000) return null
      const values = tokens.map(([one, text]) => [one, openFernet(key, text ?? '')] as const)
      const data = Object.fromEntries(
        values.flatMap(([one, opened]) => (opened === null ? [] : [[one, fromUtf8(opened.bytes)]])),
      )
      return {
        ...{ transport: name, user: userIn(data, userKey), data, proof: proofOf(name, token) },
        ...{ issuedAt: found.issuedAt, expiresAt: found.issuedAt + lifetime * 1000 },
      }
    },
    clear: () => [params.clear(), ...cookies.map(({ cookie }) => cookie.clear())],
  }
}

/** The salt in `salt:rounds:magic`, all base64; `null` for other parameters than the manager's. */
function saltOf(value: string): Uint8Array | null {
  const [salt = '', count, magic] = value.split(':')
  if (count !== String(rounds) || magic === undefined) return null
  const bytes = Buffer.from(salt, 'base64')
  return bytes.length === 16 && bytes.toString('base64') === salt ? bytes : null
}
