/** The session that a sign-in makes: never one that was there. */
import type { Identity } from './contracts.ts'
import { random, toBase64url } from './crypto.ts'
import type { Limits } from './policy.ts'
import type { Device, Session } from './session.ts'
import type { Token, TokenMint } from './token.ts'

export interface NewSession {
  readonly app: string
  readonly identity: Identity
  readonly user: string
  readonly device: Device
  readonly remember: boolean
  readonly idle?: number | undefined
  readonly begun: number
  readonly issuedAt?: number | undefined
  readonly authenticatedAt?: number | undefined
  readonly factorAt?: number | null
  readonly limits: Limits
}

/** The session and the token that names it. `at` is now. */
export function newSession(
  mint: TokenMint,
  { limits, issuedAt, authenticatedAt, factorAt = null, idle: asked = limits.idle, ...who }: NewSession,
  at: number,
): { readonly session: Session; readonly token: Token } {
  const token = mint.issue('signed-in', at)
  // What others reckoned may have parts of milliseconds; stores keep whole ones.
  const createdAt = Math.floor(Math.min(issuedAt ?? at, at))
  const absoluteAt = createdAt + limits.absolute
  const { device } = who
  const idle = Math.floor(Math.min(asked, limits.idle))
  const session: Session = {
    ...who,
    ...{ sid: toBase64url(random(16)), id: mint.id(token) },
    device: { ...device, userAgent: device.userAgent.slice(0, 256) },
    createdAt,
    authenticatedAt: Math.min(authenticatedAt ?? at, at),
    factorAt: factorAt === null ? null : Math.min(factorAt, at),
    tokenAt: at,
    idle,
    idleAt: Math.min(at + idle, absoluteAt),
    absoluteAt,
    version: 1,
  }
  return { session, token }
}
