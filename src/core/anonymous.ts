/** The session of a browser nobody signed in with, before anything of it is stored. */
import { toBase64url } from './crypto.ts'
import type { Keyring } from './keyring.ts'
import type { Limits } from './policy.ts'
import type { Session } from './session.ts'
import type { Token } from './token.ts'

// Replicas' clocks may differ by this much.
const skew = 60_000

export interface AnonymousOptions {
  readonly keyring: Keyring
  readonly app: string
  readonly limits: Limits
}

/**
 * What an anonymous token alone says, `version` 0; `null` for a token of another kind, of the future, or past its time.
 * The sid is an image of the token, so that tabs that start at the same moment start one session.
 */
export function anonymousSession(
  { keyring, app, limits }: AnonymousOptions,
  token: Token,
  id: string,
  now: number,
): Session | null {
  const { issuedAt } = token
  if (token.kind !== 'anonymous' || issuedAt === null) return null
  const absoluteAt = issuedAt + limits.absolute
  if (issuedAt > now + skew || now >= absoluteAt) return null
  return {
    app,
    sid: toBase64url(keyring.fromToken(token.secret, 'sid/a1').subarray(0, 16)),
    id,
    identity: null,
    user: null,
    begun: 0,
    device: { userAgent: '', address: '' },
    remember: false,
    createdAt: issuedAt,
    authenticatedAt: null,
    factorAt: null,
    tokenAt: issuedAt,
    idle: limits.idle,
    idleAt: Math.min(now + limits.idle, absoluteAt),
    absoluteAt,
    version: 0,
  }
}
