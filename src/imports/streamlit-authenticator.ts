/** Streamlit-Authenticator's cookie: a PyJWT token with an end of its own making. */
import type { ImportTransport } from './import-transport.ts'
import { type OldCookieOptions, oldCookie } from './old-cookie.ts'
import { type OldSecret, proofOf, secretsOf } from './old-secret.ts'
import { readPyJwt } from './pyjwt.ts'
import { userIn } from './user-key.ts'

/** The `cookie` part of config.yaml. */
export interface StreamlitAuthenticatorOptions extends OldCookieOptions {
  /** `cookie.key` of its config.yaml. */
  readonly secret: OldSecret
  /** `cookie.name` of its config.yaml. */
  readonly cookie: string
}

/** Reads the cookie that its config.yaml names. User names come out in lower case, as it keeps them. */
export function streamlitAuthenticator(options: StreamlitAuthenticatorOptions): ImportTransport {
  const name = 'streamlit-authenticator'
  const secrets = secretsOf(options.secret, name)
  const cookie = oldCookie(options, options.cookie)

  return {
    name,
    async read(request, now) {
      const token = cookie.read(request.cookie)
      const claims = token === null ? null : readPyJwt(token, secrets, ['HS256'])
      if (token === null || claims === null) return null
      const { exp_date: end } = claims
      // PyJWT would check these four, and it never writes one: a token that has any was signed for something else.
      const isForeign = ['exp', 'nbf', 'iat', 'aud'].some((member) => Object.hasOwn(claims, member))
      if (isForeign || typeof end !== 'number' || !(end > now / 1000)) return null
      const user = userIn(claims, 'username')?.trim().toLowerCase() ?? null
      return {
        ...{ transport: name, user: user === '' ? null : user, data: claims, proof: proofOf(name, token) },
        ...{ issuedAt: null, expiresAt: Math.floor(end * 1000) },
      }
    },
    clear: () => [cookie.clear()],
  }
}
