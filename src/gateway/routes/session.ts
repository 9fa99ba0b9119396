/** Who am I, and until when: for the page's script. */
import { digest } from '../../core/crypto.ts'
import { csrf } from '../../core/csrf.ts'
import type { SessionInfo } from '../../core/protocol.ts'
import type { Session } from '../../core/session.ts'
import type { GatewayParts } from '../parts.ts'
import { sendProblem } from '../problems.ts'
import type { Visit } from '../visit.ts'
import { replacementCookie } from './sign-in.ts'

/** GET tells and changes nothing; POST counts as activity. Both: 200 with the deadlines, or 401. */
export function sessionRoute(parts: GatewayParts, visit: Visit): void {
  const { session } = visit.presented
  if (session === null || session.identity === null) return sendProblem(parts, visit, 'sign-in-required')
  if (visit.request.method === 'POST') {
    const verdict = csrf('POST', visit.request.headers, { origin: parts.site.origin })
    if (verdict === 'cross-origin' || verdict === 'unknown-origin')
      return sendProblem(parts, visit, 'cross-origin')
    parts.sessions.touch(session)
  }
  const cookie = replacementCookie(parts, visit)
  sendSession(visit, session, parts.now(), cookie === null ? [] : [cookie])
}

/** Tells the page's script of its session, and hands the browser the cookies. */
export function sendSession(visit: Visit, session: Session, now: number, cookies: readonly string[]): void {
  sendJson(visit, sessionInfo(session, now), cookies)
}

/** What the page's script may know of a session: nothing of it is a secret. */
export function sessionInfo(session: Session, now: number): SessionInfo {
  const { identity, idleAt, absoluteAt } = session
  const text = (value: unknown): string | null => (typeof value === 'string' ? value : null)
  const user =
    identity === null
      ? null
      : { id: identity.userId, name: text(identity.claims.name), email: text(identity.claims.email) }
  return { signedIn: identity !== null, user, idleAt, absoluteAt, now, mark: sessionMark(session) }
}

/** Differs from session to session, so that a page notices that another person signed in; says nothing else. */
export function sessionMark(session: Session): string {
  return digest(`mark|${session.sid}`).slice(0, 12)
}

/**
 * Hands a page that runs its anonymous credential, so that what is done before signing in has a place. Bots and health
 * checks run no page and so create nothing.
 */
export async function beginRoute(parts: GatewayParts, visit: Visit): Promise<void> {
  const { request, response } = visit
  const verdict = csrf('POST', request.headers, { origin: parts.site.origin })
  if (verdict === 'cross-origin' || verdict === 'unknown-origin')
    return sendProblem(parts, visit, 'cross-origin')
  const begun = await isBegun(parts, visit)
  if (typeof begun !== 'boolean')
    return sendProblem(parts, visit, 'too-many-requests', { retryAfter: begun.seconds })
  const cookies = begun ? [] : [parts.cookie.write(parts.sessions.beginAnonymous(), null)]
  response.writeHead(204, {
    'cache-control': 'no-store',
    ...(cookies.length === 0 ? {} : { 'set-cookie': cookies }),
  })
  response.end()
}

/**
 * Whether what the browser presents can carry a session: an anonymous credential that was ended never will again. `seconds`:
 * not now, for too many came from there. The page goes on without.
 */
async function isBegun(
  parts: GatewayParts,
  { presented: { session, credential }, address }: Visit,
): Promise<boolean | { readonly seconds: number }> {
  if (session === null || credential === null) return false
  if (session.version > 0) return true
  const started = await parts.newcomers.start(credential, address)
  return started !== null && 'seconds' in started ? started : started !== null
}

function sendJson({ response }: Visit, value: unknown, cookies: readonly string[]): void {
  const body = JSON.stringify(value)
  response.writeHead(200, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...(cookies.length === 0 ? {} : { 'set-cookie': [...cookies] }),
  })
  response.end(body)
}
