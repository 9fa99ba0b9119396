/** Flask's own session: everything in one signed cookie. */
import { readFlaskPayload } from './flask-json.ts'
import type { ImportTransport } from './import-transport.ts'
import { isInTime, timed, unsign } from './itsdangerous.ts'
import { type OldCookieOptions, oldCookie } from './old-cookie.ts'
import { type OldSecret, proofOf, secretsOf } from './old-secret.ts'
import { userIn } from './user-key.ts'

/** Flask's own sessions as they were configured. */
export interface FlaskSessionOptions extends OldCookieOptions {
  /** `SECRET_KEY`, with those of `SECRET_KEY_FALLBACKS` behind it. */
  readonly secret: OldSecret
  /** Under which name the app kept who is signed in. With Flask-Login `_user_id`. @default 'username' */
  readonly userKey?: string
  /** `PERMANENT_SESSION_LIFETIME` in seconds. @default 2678400, Flask's 31 days */
  readonly lifetime?: number
}

/** Reads the cookie `session` of Flask, plain or compressed, with all its tags. */
export function flaskSession(options: FlaskSessionOptions): ImportTransport {
  const name = 'flask'
  const secrets = secretsOf(options.secret, name)
  const cookie = oldCookie(options, 'session')
  const { userKey = 'username', lifetime = 31 * 86_400 } = options
  const signing = { salt: 'cookie-session', derivation: 'hmac' } as const

  return {
    name,
    async read(request, now) {
      const value = cookie.read(request.cookie)
      const signed = value === null ? null : unsign(value, secrets, signing)
      const found = signed === null ? null : timed(signed)
      if (signed === null || found === null || !isInTime(found.signedAt, lifetime, now)) return null
      const data = readFlaskPayload(found.value)
      if (data === null) return null
      return {
        ...{ transport: name, user: userIn(data, userKey), data, proof: proofOf(name, signed) },
        ...{ issuedAt: found.signedAt * 1000, expiresAt: (found.signedAt + lifetime + 1) * 1000 },
      }
    },
    clear: () => [cookie.clear()],
  }
}
