/** Tokens of Python's PyJWT under a shared secret, by PyJWT's rules where those are stricter than RFC 7519. */

import { equal, fromBase64url, fromUtf8 } from '../core/crypto.ts'
import { bearerIn } from './bearer.ts'
import type { Imported, ImportedRecord, ImportedValue, ImportTransport } from './import-transport.ts'
import { type OldCookieOptions, oldCookie } from './old-cookie.ts'
import { type OldHash, type OldSecret, oldHmac, proofOf, secretsOf } from './old-secret.ts'
import { isRecord, readPlainJson } from './plain-json.ts'
import { userIn } from './user-key.ts'

/** The token as `jwt.decode` was told to take it. */
export interface PyJwtOptions extends OldCookieOptions {
  readonly secret: OldSecret
  /** What `decode` was given as `algorithms`. @default ['HS256'] */
  readonly algorithms?: readonly PyJwtAlgorithm[]
  /** Under which claim the app kept who is signed in. @default 'username' */
  readonly userKey?: string
  /** What `decode` was given as `audience`. Without one, a token that has an audience is refused, as PyJWT does. */
  readonly audience?: string
  /** What `decode` was given as `issuer`. */
  readonly issuer?: string
  /** What `decode` was given as `leeway`, in seconds. @default 0 */
  readonly leeway?: number
  /** Claims that must be just so: `{ type: 'access' }` for Flask-JWT-Extended, whose refresh tokens are not for this. */
  readonly claims?: { readonly [name: string]: string | number | boolean }
  /** Accept tokens that never expire; `acceptUntil` alone ends them. @default false */
  readonly withoutExpiry?: boolean
}

/** The algorithms of PyJWT that need a secret and nothing else. */
export type PyJwtAlgorithm = 'HS256' | 'HS384' | 'HS512'

const hashes: Readonly<Record<PyJwtAlgorithm, OldHash>> = {
  HS256: 'sha256',
  HS384: 'sha384',
  HS512: 'sha512',
}
// What changes how the rest is read, or says that a decrypter was meant.
const refusedMembers = ['crit', 'b64', 'zip', 'enc']

/** Reads the cookie `auth_token`, or else the bearer header. */
export function pyJwt(options: PyJwtOptions): ImportTransport {
  const name = 'pyjwt'
  const secrets = secretsOf(options.secret, name)
  const cookie = oldCookie(options, 'auth_token')
  const { userKey = 'username', withoutExpiry = false } = options

  return {
    name,
    async read(request, now) {
      const token = cookie.read(request.cookie) ?? bearerIn(request.authorization)
      const claims = token === null ? null : readPyJwt(token, secrets, options.algorithms ?? ['HS256'])
      if (token === null || claims === null || !isInForce(claims, options, now)) return null
      const { exp } = claims
      return exp === undefined && !withoutExpiry
        ? null
        : imported(name, token, claims, userIn(claims, userKey))
    },
    clear: () => [cookie.clear()],
  }
}

/** What a token says, given whose it is. */
export function imported(
  transport: string,
  token: string,
  claims: ImportedRecord,
  user: string | null,
): Imported {
  const { exp, iat } = claims
  return {
    ...{ transport, user, data: claims, proof: proofOf(transport, token) },
    issuedAt: typeof iat === 'number' ? Math.trunc(iat) * 1000 : null,
    expiresAt: typeof exp === 'number' ? Math.trunc(exp) * 1000 : null,
  }
}

/** The claims that one of the secrets signed; `null` for any other token, or another spelling of it. */
export function readPyJwt(
  token: string,
  secrets: readonly string[],
  algorithms: readonly PyJwtAlgorithm[],
): ImportedRecord | null {
  const parts = token.split('.')
  const [head = '', body = '', signature = ''] = parts
  const header = parts.length === 3 ? objectIn(head) : null
  const algorithm = algorithms.find((one) => one === header?.alg)
  if (header === null || algorithm === undefined) return null
  if (refusedMembers.some((member) => Object.hasOwn(header, member))) return null
  const given = fromBase64url(signature)
  const text = `${head}.${body}`
  const isValid = secrets.some((one) => given !== null && equal(oldHmac(hashes[algorithm], one, text), given))
  return isValid ? objectIn(body) : null
}

function objectIn(part: string): ImportedRecord | null {
  const bytes = fromBase64url(part)
  const value = bytes === null ? undefined : readPlainJson(fromUtf8(bytes))
  return value !== undefined && isRecord(value) ? value : null
}

/**
 * PyJWT's checks of what is there, with its edges: fractions of a second are cut off, `exp` of this very second is over,
 * `iat` must not lie ahead (RFC 7519 asks for none of the three), and an audience that nobody expects is a refusal.
 */
function isInForce(claims: ImportedRecord, options: PyJwtOptions, now: number): boolean {
  const { exp, nbf, iat, aud, iss, sub, jti } = claims
  const { leeway = 0, audience, issuer, claims: wanted = {} } = options
  const seconds = now / 1000
  const isTimely =
    isAbsentOr(exp, (at) => at > seconds - leeway) &&
    isAbsentOr(nbf, (at) => at <= seconds + leeway) &&
    isAbsentOr(iat, (at) => at <= seconds + leeway)
  const isNamed = [sub, jti].every((one) => one === undefined || typeof one === 'string')
  const isMeant = audience === undefined ? aud === undefined : isAmong(audience, aud)
  const isWanted = Object.entries(wanted).every(([name, value]) => claims[name] === value)
  return isTimely && isNamed && isMeant && isWanted && (issuer === undefined || iss === issuer)
}

function isAbsentOr(value: ImportedValue | undefined, holds: (seconds: number) => boolean): boolean {
  if (value === undefined) return true
  return typeof value === 'number' && holds(Math.trunc(value))
}

function isAmong(audience: string, aud: ImportedValue | undefined): boolean {
  if (!Array.isArray(aud)) return aud === audience
  return aud.every((one) => typeof one === 'string') && aud.includes(audience)
}
