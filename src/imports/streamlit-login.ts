/** Streamlit's own `st.login`: the identity in a signed cookie, as Starlette (1.57 and later) or Tornado writes it. */
import { equal, fromUtf8 } from '../core/crypto.ts'
import { readFlaskText } from './flask-json.ts'
import type { ImportedRecord, ImportTransport } from './import-transport.ts'
import { isInTime, type Timed, timed, unsign } from './itsdangerous.ts'
import { oldCookie } from './old-cookie.ts'
import { type OldSecret, oldHmac, proofOf, secretsOf } from './old-secret.ts'
import { isRecord, readPlainJson } from './plain-json.ts'
import { userIn } from './user-key.ts'

/** The `[auth]` part of secrets.toml. */
export interface StreamlitLoginOptions {
  /** `cookie_secret` of secrets.toml. */
  readonly secret: OldSecret
  /** Which claim says who it is. @default 'email' */
  readonly userKey?: string
  /** The path it was set with: `server.baseUrlPath`. @default '/' */
  readonly path?: string
}

const cookieName = '_streamlit_user'
// Streamlit gives the cookie 30 days and takes it for 31.
const lifetime = 31 * 86_400

/** Reads the cookie `_streamlit_user`, where it is one cookie: an identity above 4 KB is split, and must sign in. */
export function streamlitLogin(options: StreamlitLoginOptions): ImportTransport {
  const name = 'streamlit-login'
  const secrets = secretsOf(options.secret, name)
  const { userKey = 'email', path = '/' } = options
  const cookie = oldCookie({ path }, cookieName)
  const tokens = oldCookie({ path }, '_streamlit_user_tokens')

  return {
    name,
    async read(request, now) {
      const value = cookie.read(request.cookie)?.replace(/^"(.*)"$/, '$1') ?? null
      const found = value === null ? null : (byStarlette(value, secrets) ?? byTornado(value, secrets))
      if (value === null || found === null || !isInTime(found.signedAt, lifetime, now)) return null
      const data = identityIn(found.value)
      if (data === null) return null
      return {
        ...{ transport: name, user: userIn(data, userKey), data, proof: proofOf(name, value) },
        ...{ issuedAt: found.signedAt * 1000, expiresAt: (found.signedAt + lifetime + 1) * 1000 },
      }
    },
    clear: () => [cookie.clear(), tokens.clear()],
  }
}

/** `value` is the JSON text; it was put into JSON once more before it was signed. */
function byStarlette(text: string, secrets: readonly string[]): Timed | null {
  const signed = unsign(text, secrets, { salt: cookieName, derivation: 'django-concat' })
  const found = signed === null ? null : timed(signed)
  const json = found === null ? null : readFlaskText(found.value)
  const value = json === null ? undefined : readPlainJson(json)
  return found === null || typeof value !== 'string' ? null : { value, signedAt: found.signedAt }
}

/** `2|1:0|10:<seconds>|15:_streamlit_user|<length>:<base64>|<HMAC-SHA256 in hex>`, all under the HMAC. */
function byTornado(text: string, secrets: readonly string[]): Timed | null {
  const form = /^(2\|1:0\|10:(\d{10})\|15:_streamlit_user\|\d{1,4}:([A-Za-z0-9+/]+={0,2})\|)([0-9a-f]{64})$/
  const [, signed = '', seconds = '', body = '', signature = ''] = form.exec(text) ?? []
  if (signed === '') return null
  const given = Buffer.from(signature, 'hex')
  if (!secrets.some((secret) => equal(oldHmac('sha256', secret, signed), given))) return null
  const bytes = Buffer.from(body, 'base64')
  return bytes.toString('base64') === body ? { value: fromUtf8(bytes), signedAt: Number(seconds) } : null
}

/** The identity, of somebody who is signed in: Streamlit writes one for those who are not, too. */
function identityIn(json: string): ImportedRecord | null {
  const value = readPlainJson(json)
  return value !== undefined && isRecord(value) && value.is_logged_in === true ? value : null
}
