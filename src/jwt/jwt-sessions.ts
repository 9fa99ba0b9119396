/** Sessions for clients that want JWTs: short-lived access tokens over the engine's sessions, which end when those do. */
import type { JsonObject, SessionStore } from '../core/contracts.ts'
import { digest, random, toBase64url } from '../core/crypto.ts'
import { ConfigError } from '../core/errors.ts'
import type { EventListener } from '../core/events.ts'
import type { Loaded } from '../core/lookup.ts'
import type { Issued, SessionManager, SignIn } from '../core/manager.ts'
import type { Session } from '../core/session.ts'
import { type AccessClaims, checkClaims, claimsFor, type Refusal } from './access-claims.ts'
import { longestToken, openToken, signToken } from './access-token.ts'
import type { JwtKeySet } from './jwt-key-set.ts'
import { liveSessions } from './live-session.ts'
import { openedTokens } from './opened-tokens.ts'

/** What the tokens say, and how they are checked. */
export interface JwtSessionsOptions {
  readonly manager: SessionManager
  /** The store the manager is on. */
  readonly store: Pick<SessionStore, 'isCurrent' | 'watch'>
  readonly keys: JwtKeySet
  /** Who issues: `iss`, an https URL. */
  readonly issuer: string
  /** Whom the tokens are for: `aud`. An audience of its own for each app, or the tokens of one open another. */
  readonly audience: string
  /** Seconds an access token lives: 30 to 3600. @default 600 */
  readonly lifetime?: number
  /**
   * When the session is looked at. `each-time`: at every verification, so that out is out at once; from memory, a
   * microsecond. `at-refresh`: only when the client comes for a new token; an ended session's tokens live on until they
   * expire. @default 'each-time'
   */
  readonly check?: 'each-time' | 'at-refresh'
  /** Seconds that replicas' clocks may be apart, at most 60. @default 5 */
  readonly tolerance?: number
  /** What else the token says. Readable by everyone who sees it; replaces none of the registered claims. @default none */
  readonly claims?: (session: Session) => JsonObject
  /** Told of sign-outs, beside what the manager tells. */
  readonly onEvent?: EventListener
  /** How many verified tokens and sessions this process keeps. @default 10000 */
  readonly cacheSize?: number
  /** @default Date.now */
  readonly now?: () => number
}

/** What a client is given: the access token to show, the refresh token to keep. */
export interface TokenPair {
  readonly session: Session
  readonly accessToken: string
  /** Seconds until the access token is over. */
  readonly expiresIn: number
  /** A credential of the engine, opaque, replaced at each refresh. */
  readonly refreshToken: string
}

/** `session` is `null` where it is looked at only at refresh. */
export type Verification =
  | { readonly valid: true; readonly claims: AccessClaims; readonly session: Session | null }
  | { readonly valid: false; readonly refusal: Refusal }

/** Issues, verifies, refreshes and ends JWTs. */
export interface JwtSessions {
  /**
   * As the manager's `signIn`, with an access token. `null` if a revocation came in between, or if the policy's limit of
   * sessions an account leaves no room.
   */
  signIn(request: SignIn): Promise<TokenPair | null>
  /** An access token for a session that was found some other way; `null` if nobody is signed in with it or it is over. */
  accessToken(session: Session): Promise<string | null>
  /** Whom the token speaks for, or why for nobody. Never throws for a bad token; rejects with `StoreError`. */
  verify(token: string): Promise<Verification>
  /**
   * The next pair for a refresh token; `null` if its session has ended. A response that was lost costs nothing: until 30
   * seconds after the new token was first used, the old one leads to it. Used later, the whole family ends.
   */
  refresh(refreshToken: string): Promise<TokenPair | null>
  /** Ends the session of a refresh token. `false`: there was none. */
  signOut(refreshToken: string): Promise<boolean>
}

/** Throws `ConfigError` for what nobody can mean. */
export function createJwtSessions(options: JwtSessionsOptions): JwtSessions {
  const {
    manager,
    store,
    keys,
    issuer,
    audience,
    lifetime = 600,
    check = 'each-time',
    tolerance = 5,
  } = options
  checkOptions({ issuer, audience, lifetime, tolerance })
  const now = options.now ?? Date.now
  const capacity = options.cacheSize ?? 10_000
  const live = liveSessions({ manager, store, now, capacity })
  const opened = openedTokens(capacity)
  const rules = { issuer, audience, tolerance }

  async function issue(session: Session): Promise<{ token: string; expiresIn: number } | null> {
    const at = now()
    const extra = options.claims?.(session) ?? {}
    const jti = toBase64url(random(16))
    const claims = claimsFor(session, { issuer, audience, lifetime, jti, now: at }, extra)
    if (claims === null) return null
    return { token: await signToken(keys, claims), expiresIn: claims.exp - claims.iat }
  }

  async function pair(session: Session, refreshToken: string): Promise<TokenPair | null> {
    const issued = await issue(session)
    if (issued === null) return null
    return { session, accessToken: issued.token, expiresIn: issued.expiresIn, refreshToken }
  }

  async function open(token: string): Promise<JsonObject | Refusal> {
    if (token.length > longestToken) return 'malformed'
    const image = digest(token)
    const kept = opened.get(image)
    if (kept !== undefined) return kept
    const claims = await openToken(keys, token)
    if (typeof claims !== 'string') opened.put(image, claims)
    return claims
  }

  return {
    async signIn(request) {
      const issued = await manager.signIn(request)
      return issued === null ? null : pair(issued.session, issued.credential)
    },

    accessToken: async (session) => (await issue(session))?.token ?? null,

    async verify(token) {
      const signed = await open(token)
      if (typeof signed === 'string') return { valid: false, refusal: signed }
      const claims = checkClaims(signed, rules, now())
      if (typeof claims === 'string') return { valid: false, refusal: claims }
      if (check === 'at-refresh') return { valid: true, claims, session: null }
      const session = live.peek(claims) ?? (await live.find(claims))
      return session === null ? { valid: false, refusal: 'session_ended' } : { valid: true, claims, session }
    },

    async refresh(refreshToken) {
      const found = await manager.load(refreshToken)
      if (found === null || found.session.identity === null) return null
      // The old token of an answer that was lost leads to its successor; so does this one if another tab rotates it first.
      const held =
        heldOf(found) ??
        (await manager.rotate(found.session, refreshToken)) ??
        heldOf(await manager.load(refreshToken))
      if (held === null) return null
      manager.touch(held.session)
      return pair(held.session, held.credential)
    },

    async signOut(refreshToken) {
      const found = await manager.load(refreshToken)
      if (found === null || found.session.identity === null) return false
      const { sid, identity } = found.session
      const hasEnded = await manager.end(sid)
      if (hasEnded) options.onEvent?.({ event: 'session_signed_out', sid, userId: identity.userId })
      return hasEnded
    },
  }
}

/** The successor that an old token led to, if it did. */
function heldOf(found: Loaded | null): Issued | null {
  if (found === null || found.replacement === null) return null
  return { session: found.session, credential: found.replacement }
}

function checkOptions(
  options: Required<Pick<JwtSessionsOptions, 'issuer' | 'audience' | 'lifetime' | 'tolerance'>>,
): void {
  const { issuer, audience, lifetime, tolerance } = options
  if (
    !/^https:\/\/[^\s/?#]+[^\s?#]*$|^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?(\/[^\s?#]*)?$/.test(
      issuer,
    )
  )
    throw wrong('issuer', issuer, 'an https URL without query (http on this machine only)')
  if (audience === '') throw wrong('audience', audience, 'the name of the app that the tokens are for')
  if (!Number.isSafeInteger(lifetime) || lifetime < 30 || lifetime > 3600)
    throw wrong('lifetime', lifetime, '30 to 3600 seconds')
  if (!(tolerance >= 0 && tolerance <= 60)) throw wrong('tolerance', tolerance, '0 to 60 seconds')
}

function wrong(name: string, value: unknown, wanted: string): ConfigError {
  return new ConfigError('ERR_CONFIG_INVALID', `jwt ${name}: ${JSON.stringify(value)}. It must be ${wanted}.`)
}
