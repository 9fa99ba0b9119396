/** Access tokens on the wire: signing, and verifying with nothing left to the token's own word. */
import { CompactSign, compactVerify } from 'jose'
import type { JsonObject } from '../core/contracts.ts'
import { fromBase64url, toUtf8 } from '../core/crypto.ts'
import { ConfigError } from '../core/errors.ts'
import type { Refusal } from './access-claims.ts'
import { readJsonObject } from './json-object.ts'
import type { JwtKeySet } from './jwt-key-set.ts'

/** Browsers keep no cookie above 4096 bytes, its name included; nothing that is longer need be looked at. */
export const longestToken = 4000
// RFC 9068 §2.1: an ID token, a logout token or a DPoP proof under the same key is something else.
const type = 'at+jwt'
const members = ['alg', 'kid', 'typ']

/** The token that carries these claims. Throws `ConfigError` if they are too much for one. */
export async function signToken(keys: JwtKeySet, claims: JsonObject): Promise<string> {
  const { alg, kid, signing } = keys.signing
  const payload = toUtf8(JSON.stringify(claims))
  if (readJsonObject(payload) === null)
    throw new ConfigError(
      'ERR_CONFIG_INVALID',
      'The claims are nested too deeply for a token: 16 levels are the most.',
    )
  const token = await new CompactSign(payload).setProtectedHeader({ alg, kid, typ: type }).sign(signing)
  if (token.length <= longestToken) return token
  throw new ConfigError(
    'ERR_CONFIG_INVALID',
    `The claims make a token of ${token.length} characters; ${longestToken} is the most. Put fewer into it: ` +
      'with the check each time, the session has them all.',
  )
}

/**
 * The claims that a key of ours signed, or why there are none. Three parts of canonical base64url, exactly the header we
 * write, a key of ours by its name, and the one algorithm of that key: then the signature, and only then what is inside.
 */
export async function openToken(keys: JwtKeySet, token: string): Promise<JsonObject | Refusal> {
  const parts = token.split('.')
  const [head = '', body = '', signature = ''] = parts
  const [headBytes, bodyBytes] = [fromBase64url(head), fromBase64url(body)]
  // Two spellings of one signature would be two tokens, one of which nobody revoked.
  if (parts.length !== 3 || headBytes === null || bodyBytes === null || fromBase64url(signature) === null)
    return 'malformed'
  const header = readJsonObject(headBytes)
  if (header === null || !isOurs(header)) return 'malformed'
  const key = keys.find(header.kid)
  if (key === null || key.alg !== header.alg) return 'unknown_key'
  try {
    await compactVerify(token, key.verifying, { algorithms: [key.alg] })
  } catch {
    return 'bad_signature'
  }
  return readJsonObject(bodyBytes) ?? 'malformed'
}

/**
 * Exactly our three members, so that `crit`, `b64` and `zip` change nothing and `jwk`, `jku`, `x5u` and `x5c` bring no key:
 * no key is ever taken, and no address ever asked, on a token's word.
 */
function isOurs(header: JsonObject): header is { alg: string; kid: string; typ: typeof type } {
  const { alg, kid, typ } = header
  if (typ !== type || typeof alg !== 'string' || typeof kid !== 'string') return false
  return Object.keys(header).every((name) => members.includes(name))
}
