/** Flask-Login's "remember me": a user's id and its HMAC, without a time and so without an end. */
import { equal } from '../core/crypto.ts'
import { ConfigError } from '../core/errors.ts'
import type { ImportTransport } from './import-transport.ts'
import { type OldCookieOptions, oldCookie, unquoted } from './old-cookie.ts'
import { type OldSecret, oldHmac, proofOf, secretsOf } from './old-secret.ts'
import { userIn } from './user-key.ts'

/** Flask-Login as it was configured. */
export interface FlaskLoginOptions extends OldCookieOptions {
  /** Flask's `SECRET_KEY`. */
  readonly secret: OldSecret
}

/** Reads the cookie `remember_token`. */
export function flaskLoginRemember(options: FlaskLoginOptions): ImportTransport {
  const name = 'flask-login'
  const secrets = secretsOf(options.secret, name)
  if (secrets.some((secret) => /[^\0-\xff]/.test(secret)))
    throw new ConfigError(
      'ERR_CONFIG_INVALID',
      `import ${name}: Flask-Login cannot sign with a secret beyond Latin-1.`,
    )
  const keys = secrets.map((secret) => Buffer.from(secret, 'latin1'))
  const cookie = oldCookie(options, 'remember_token')

  return {
    name,
    async read(request) {
      const value = unquoted(cookie.read(request.cookie) ?? '')
      const bar = value.lastIndexOf('|')
      const signature = value.slice(bar + 1)
      if (bar < 0 || !/^[0-9a-f]{128}$/.test(signature)) return null
      const user = value.slice(0, bar)
      const given = Buffer.from(signature, 'hex')
      if (!keys.some((key) => equal(oldHmac('sha512', key, user), given))) return null
      const data = { user_id: user }
      // Every device of a user holds this same cookie, so it counts for the first that comes: a copy is no more than one.
      return {
        ...{ transport: name, user: userIn(data, 'user_id'), data, proof: proofOf(name, value) },
        ...{ issuedAt: null, expiresAt: null },
      }
    },
    clear: () => [cookie.clear()],
  }
}
