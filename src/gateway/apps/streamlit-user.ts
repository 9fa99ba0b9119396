/**
 * The `_streamlit_user` cookie: Streamlit (1.57 and later) fills `st.user` from it. Written as itsdangerous'
 * URLSafeTimedSerializer writes it, under a secret that only the gateway and the app know.
 */
import { createHash, createHmac } from 'node:crypto'
import type { Identity, JsonObject } from '../../core/contracts.ts'
import { rolesOf } from '../../core/session.ts'

export const streamlitUserCookie = '_streamlit_user'

/**
 * What `st.user` will hold. Byte-stable for one identity: Streamlit compares it at every reconnect and starts a new
 * session where it differs, so nothing that passes (no time, no token) may be in it.
 */
export function streamlitUser(origin: string, identity: Identity | null): JsonObject {
  if (identity === null) return { origin, is_logged_in: false }
  const { name, email, roles: _, ...claims } = identity.claims
  return {
    ...claims,
    origin,
    is_logged_in: true,
    sub: identity.userId,
    ...(name === undefined ? {} : { name }),
    ...(email === undefined ? {} : { email }),
    roles: [...rolesOf(identity)],
  }
}

/** Signs a value for a Streamlit cookie: the JSON text, itself as JSON, base64url; timestamp; HMAC-SHA1. */
export function signStreamlitCookie(secret: string, name: string, value: JsonObject, now: number): string {
  const text = JSON.stringify(JSON.stringify(value))
  // Streamlit's own are ASCII: json.dumps escapes everything else.
  const payload = Buffer.from(escapeNonAscii(text), 'latin1').toString('base64url')
  const signed = `${payload}.${timestamp(Math.floor(now / 1000))}`
  // itsdangerous "django-concat": SHA-1 is what it fixes; as a MAC key derivation and HMAC it is not broken.
  const key = createHash('sha1').update(`${name}signer${secret}`).digest()
  return `${signed}.${createHmac('sha1', key).update(signed).digest('base64url')}`
}

function timestamp(seconds: number): string {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(seconds))
  return bytes.subarray(bytes.findIndex((byte) => byte !== 0)).toString('base64url')
}

function escapeNonAscii(text: string): string {
  return text.replace(/[\u0080-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
