/** Starlette's SessionMiddleware (FastAPI, NiceGUI): base64 of JSON, signed with a time. */
import { fromUtf8 } from '../core/crypto.ts'
import type { ImportTransport } from './import-transport.ts'
import { isInTime, timed, unsign } from './itsdangerous.ts'
import { type OldCookieOptions, oldCookie } from './old-cookie.ts'
import { type OldSecret, proofOf, secretsOf } from './old-secret.ts'
import { isRecord, readPlainJson } from './plain-json.ts'
import { userIn } from './user-key.ts'

/** SessionMiddleware as it was added. */
export interface StarletteSessionOptions extends OldCookieOptions {
  /** `secret_key`; NiceGUI calls it `storage_secret`. */
  readonly secret: OldSecret
  /** @default 'username' */
  readonly userKey?: string
  /** `max_age` in seconds. @default 1209600, Starlette's 14 days */
  readonly lifetime?: number
}

/** Reads the cookie `session` of Starlette. */
export function starletteSession(options: StarletteSessionOptions): ImportTransport {
  const name = 'starlette'
  const secrets = secretsOf(options.secret, name)
  const cookie = oldCookie(options, 'session')
  const { userKey = 'username', lifetime = 14 * 86_400 } = options
  const signing = { salt: 'itsdangerous.Signer', derivation: 'django-concat' } as const

  return {
    name,
    async read(request, now) {
      const value = cookie.read(request.cookie)
      const signed = value === null ? null : unsign(value, secrets, signing)
      const found = signed === null ? null : timed(signed)
      if (signed === null || found === null || !isInTime(found.signedAt, lifetime, now)) return null
      const json = Buffer.from(found.value, 'base64')
      if (json.toString('base64') !== found.value) return null
      const data = readPlainJson(fromUtf8(json))
      if (data === undefined || !isRecord(data)) return null
      return {
        ...{ transport: name, user: userIn(data, userKey), data, proof: proofOf(name, signed) },
        ...{ issuedAt: found.signedAt * 1000, expiresAt: (found.signedAt + lifetime + 1) * 1000 },
      }
    },
    clear: () => [cookie.clear()],
  }
}
