/** From "we know who this is" to a session, whichever way it was found out. */
import type { Vouched } from '../../auth/voucher.ts'
import type { Issued } from '../../core/manager.ts'
import type { Session } from '../../core/session.ts'
import { limitOf } from '../../core/session-limit.ts'
import { ownPath } from '../../pages/own-path.ts'
import type { GatewayParts } from '../parts.ts'
import type { Visit } from '../visit.ts'
import { shownForm } from './own-form.ts'

export interface Start extends Vouched {
  readonly remember: boolean
  /** What `sessions.begin()` answered before it was checked who this is: a revocation since then wins. */
  readonly begun: number
}

/** No session yet: a second factor is asked for at `location`, of the browser that holds these cookies. */
export interface FactorAsked {
  readonly location: string
  readonly cookies: readonly string[]
}

/**
 * The session and its credential. `null` if a revocation came between the check and now; `disabled`: this account is kept
 * out, which is nobody's business who does not know it already; `full`: it is signed in as often as it may be. Rejects with
 * `StoreError` where that cannot be known.
 *
 * SECURITY: every way of signing in comes through here, so that none is a way round the second factor (CVE-2026-34727).
 */
export async function beginSession(
  parts: GatewayParts,
  visit: Visit,
  start: Start,
  returnTo: string,
): Promise<Issued | FactorAsked | 'disabled' | 'full' | null> {
  if ((await parts.standings.of(start.identity)).disabled) return 'disabled'
  // Looked at again once there is a session; here, so that nothing is asked, and nothing ends, for one that may not begin.
  if (await isOverThere(parts, start)) return null
  if (start.factorAt === undefined && (await parts.factors.asks(start.identity)) !== null) {
    const form = shownForm(parts, visit.request, 'factor')
    const ticket = await parts.factorSignIns.begin({ ...start, returnTo }, form.binding)
    return { location: ownPath(parts.site.base, 'factor'), cookies: [form.cookie, ticket] }
  }
  return beginChecked(parts, visit, start)
}

async function beginChecked(
  parts: GatewayParts,
  visit: Visit,
  { identity: vouched, token, remember, begun, authenticatedAt, factorAt }: Start,
): Promise<Issued | 'disabled' | 'full' | null> {
  const identity = await parts.standings.applied(vouched)
  const userAgent = visit.request.headers['user-agent'] ?? ''
  const request = {
    ...{ identity, remember, begun },
    ...(factorAt !== undefined && { factorAt }),
    ...(authenticatedAt !== undefined && { authenticatedAt }),
    device: { userAgent, address: visit.address },
    replaces: visit.presented.session,
  }
  const issued = await parts.sessions.signInWithin(request, limitOf(parts.accountLimit))
  if (issued === null || issued === 'full') return issued
  if (await isDisabledNow(parts, issued.session)) return 'disabled'
  if (!(await isKept(parts, issued.session, { identity, token }))) return null
  parts.onEvent({ event: 'sign_in_succeeded', userId: identity.userId, address: visit.address })
  return issued
}

/**
 * Whether the account was disabled meanwhile; then the session is over. Whoever disables writes that down first and ends the
 * sessions afterwards: one that began before they looked they end, one that began later is found here.
 */
export async function isDisabledNow(
  { sessions, standings }: Pick<GatewayParts, 'sessions' | 'standings'>,
  session: Session,
): Promise<boolean> {
  const { sid, identity } = session
  try {
    if (identity === null || !(await standings.of(identity)).disabled) return false
    await sessions.end(sid)
    return true
  } catch (error) {
    sessions.abandon(session)
    throw error
  }
}

/**
 * What could not be kept could not be asked about again: then the session is not begun. Nor is it where the provider's session
 * that it rests on was over meanwhile: whoever ends those notes that first and looks for kept tokens afterwards.
 */
async function isKept(
  { sessions, people }: GatewayParts,
  session: Session,
  { identity, token }: Pick<Vouched, 'identity' | 'token'>,
): Promise<boolean> {
  try {
    if (!(await people.vouching.signedIn(session, token))) return false
    if (!(await isOverThere({ people }, { identity, token }))) return true
    await sessions.end(session.sid)
    return false
  } catch (error) {
    sessions.abandon(session)
    throw error
  }
}

/** Whether the session at a provider that this rests on was said to be over. */
async function isOverThere(
  { people }: Pick<GatewayParts, 'people'>,
  { identity, token }: Pick<Vouched, 'identity' | 'token'>,
): Promise<boolean> {
  return token !== null && people.providerEndings.covers(identity.authenticator, token)
}
