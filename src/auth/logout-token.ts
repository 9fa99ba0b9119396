/** What a provider says, server to server, when somebody is out there (OpenID Connect Back-Channel Logout 1.0). */
import { type createRemoteJWKSet, decodeJwt, errors, type JWTPayload, jwtVerify } from 'jose'
import { isObject } from './provider-identity.ts'

/** Whom a logout token speaks of. */
export interface LogoutSubject {
  /** Of the person; `null` where only a session of the provider is named. */
  readonly userId: string | null
  readonly providerSid: string | null
  /** When it was issued, in seconds of the provider's clock. */
  readonly issuedAt: number
  /** Names the token, which counts once. */
  readonly jti: string
}

export interface LogoutTokenOptions {
  readonly issuer: string
  readonly clientId: string
  /** The provider's, and the same for every token: they are asked for when they are old, or lack one. */
  readonly keys: ReturnType<typeof createRemoteJWKSet>
}

const logoutEvent = 'http://schemas.openid.net/event/backchannel-logout'
const clockTolerance = 30

/**
 * `null` for a token that is not by a key of the provider or no logout token for us. Rejects for everything else that is wrong
 * with it, where the keys cannot be had, and where its key is none of those that were read too short a while ago to ask again:
 * a provider may begin with a new key at any moment.
 */
export async function readLogoutToken(
  token: string,
  { issuer, clientId, keys }: LogoutTokenOptions,
): Promise<LogoutSubject | null> {
  // SECURITY: anybody can post here. What is not even meant for us must not make us ask the provider for its keys.
  const claims = decodeJwt(token)
  if (claims.iss !== issuer || ![claims.aud].flat().includes(clientId)) return null
  const mayLackOne = keys.coolingDown
  try {
    const { payload } = await jwtVerify(token, keys, {
      ...{ issuer, audience: clientId, typ: 'logout+jwt', clockTolerance, maxTokenAge: 120 },
      requiredClaims: ['iat', 'jti', 'events'],
    })
    return subjectOf(payload)
  } catch (error) {
    if (error instanceof errors.JWKSNoMatchingKey && !mayLackOne) return null
    throw error
  }
}

function subjectOf({ sub, sid, iat, jti, events, nonce }: JWTPayload): LogoutSubject | null {
  // A logout token with a nonce could be an ID token, passed off as one (Back-Channel Logout §2.4).
  const isLogout = isObject(events) && isObject(events[logoutEvent]) && nonce === undefined
  const providerSid = typeof sid === 'string' ? sid : null
  if (!isLogout || jti === undefined || iat === undefined) return null
  if (sub === undefined && providerSid === null) return null
  return { userId: sub ?? null, providerSid, issuedAt: iat, jti }
}
