/** What an access token says, and which claims count. */
import type { JsonObject } from '../core/contracts.ts'
import type { Session } from '../core/session.ts'

/** The claims of a token that verified (RFC 9068, with the engine's names for the session). */
export interface AccessClaims extends JsonObject {
  readonly iss: string
  readonly aud: string
  /** The user's id; unique together with `idp`. */
  readonly sub: string
  /** The authenticator that vouched for the user. */
  readonly idp: string
  /** The session, for its whole life. */
  readonly sid: string
  /** The session's record when the token was issued: how the engine finds it. No credential. */
  readonly rid: string
  readonly jti: string
  readonly iat: number
  readonly exp: number
}

/** Why a token was refused: for logs and tests. Clients are told no more than "invalid". */
export type Refusal =
  | 'malformed'
  | 'unknown_key'
  | 'bad_signature'
  | 'bad_claims'
  | 'wrong_issuer'
  | 'wrong_audience'
  | 'not_yet_valid'
  | 'expired'
  | 'session_ended'

/** Which tokens are meant for whom. */
export interface ClaimRules {
  readonly issuer: string
  readonly audience: string
  /** How far the clocks of replicas may be apart, in seconds: for `iat` and `nbf`, never for `exp`. */
  readonly tolerance: number
}

// No token of ours lives longer: one that says so was made by somebody who has the key and not this code.
const longestLife = 3600

/**
 * The claims, or why they do not count. Everything we write is demanded, in the one form in which we write it: `aud` is a
 * text and not a list, dates are whole numbers. RFC 7519 §4.1.4: on the second of `exp` itself the token is over.
 */
export function checkClaims(claims: JsonObject, rules: ClaimRules, now: number): AccessClaims | Refusal {
  const { iss, aud, sub, idp, sid, rid, jti, iat, exp, nbf } = claims
  if (iss !== rules.issuer) return 'wrong_issuer'
  if (aud !== rules.audience) return 'wrong_audience'
  if (!isText(sub) || !isText(idp) || !isText(jti)) return 'bad_claims'
  if (typeof sid !== 'string' || !/^[\w-]{22}$/.test(sid)) return 'bad_claims'
  if (typeof rid !== 'string' || !/^[\w-]{43}$/.test(rid)) return 'bad_claims'
  if (!isSecond(iat) || !isSecond(exp) || exp <= iat || exp - iat > longestLife) return 'bad_claims'
  if (nbf !== undefined && !isSecond(nbf)) return 'bad_claims'
  if (now >= exp * 1000) return 'expired'
  if (Math.max(iat, nbf ?? iat) * 1000 > now + rules.tolerance * 1000) return 'not_yet_valid'
  return { ...claims, iss, aud, sub, idp, sid, rid, jti, iat, exp }
}

/** The claims for a session from now on, `null` if it is over before a whole second has passed. `extra` replaces none. */
export function claimsFor(
  session: Session,
  { issuer, audience, lifetime, jti, now }: ClaimsOptions,
  extra: JsonObject,
): AccessClaims | null {
  const { identity, sid, id: rid, authenticatedAt } = session
  if (identity === null) return null
  const iat = Math.floor(now / 1000)
  // A token that is checked at refresh only must not outlive its session.
  const exp = Math.min(iat + lifetime, Math.floor(Math.min(session.idleAt, session.absoluteAt) / 1000))
  if (exp <= iat) return null
  const known = authenticatedAt === null ? {} : { auth_time: Math.floor(authenticatedAt / 1000) }
  const { userId: sub, authenticator: idp } = identity
  // These two are ours to write or to leave out.
  const { nbf: _, auth_time: __, ...own } = extra
  return { ...own, ...known, iss: issuer, aud: audience, sub, idp, sid, rid, jti, iat, exp }
}

export interface ClaimsOptions {
  readonly issuer: string
  readonly audience: string
  /** Seconds. */
  readonly lifetime: number
  readonly jti: string
  readonly now: number
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

function isSecond(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
