/** What becomes of whoever is right, and signed in as often as they may be: they are refused, or asked what shall end. */
import { readFormCookie } from '../../core/form-cookie.ts'
import type { Issued } from '../../core/manager.ts'
import type { Session } from '../../core/session.ts'
import { accountFields } from '../../pages/account.ts'
import { readForm } from '../../pages/form.ts'
import { signInFields } from '../../pages/sign-in-form.ts'
import { endAll, takeOverPage, ticketField } from '../../pages/take-over.ts'
import type { GatewayParts } from '../parts.ts'
import type { PendingSignIn } from '../pending-sign-in.ts'
import { sendProblem } from '../problems.ts'
import { readBody, sendOn, sendPage, type Visit } from '../visit.ts'
import { devicesOf, markOf } from './own-devices.ts'
import { formRefusal, isFormToken, shownForm } from './own-form.ts'
import { beginSession } from './session-start.ts'
import { showSignIn, signedInCookies } from './sign-in-shown.ts'

const step = 'take-over'
const longestForm = 81_920

/** Answers a sign-in that found no room. Only after the password was right: it says how much an account is in use. */
export async function showFull(
  parts: GatewayParts,
  visit: Visit,
  pending: PendingSignIn,
  setCookie: readonly string[] = [],
): Promise<void> {
  const { identity, returnTo } = pending
  const { most = 1, whenMore } = parts.accountLimit ?? {}
  const others = (await parts.sessions.listUser(identity)).filter(
    ({ sid }) => sid !== visit.presented.session?.sid,
  )
  if (whenMore !== 'ask-to-take-over') {
    const error = { kind: 'full', most, seconds: secondsToRoom(others, most, parts.now()) } as const
    return showSignIn(parts, visit, { returnTo, error }, setCookie)
  }
  const { site } = parts
  const { headers } = visit.request
  const form = shownForm(parts, visit.request, 'sign-in')
  const ticket = await parts.pendingSignIns.issue(step, form.binding, pending)
  const page = takeOverPage({
    ...{ app: parts.app, base: site.base, secure: site.secure, acceptLanguage: headers['accept-language'] },
    ...{ token: form.token, ticket },
    ...{ most, devices: devicesOf(others, null), now: parts.now() },
  })
  sendPage(visit.response, page, [...setCookie, form.cookie])
}

/** When so many of them are over, untouched, that there is room for one more. */
function secondsToRoom(sessions: readonly Session[], most: number, now: number): number {
  const ends = sessions.map(({ idleAt, absoluteAt }) => Math.min(idleAt, absoluteAt)).sort((a, b) => a - b)
  return Math.max(1, Math.ceil(((ends[sessions.length - most] ?? now) - now) / 1000))
}

/** Ends what was chosen and begins the session that waited. */
export async function takeOverRoute(parts: GatewayParts, visit: Visit): Promise<void> {
  const { request } = visit
  const refusal = formRefusal(parts, request)
  if (refusal !== null) return sendProblem(parts, visit, refusal)
  const body = await readBody(request, longestForm)
  const form = body === null ? null : readForm(body)
  if (form === null) return sendProblem(parts, visit, body === null ? 'too-large' : 'bad-request')
  const binding = readFormCookie(request.headers.cookie, parts.formCookieName)
  // SECURITY: the ticket stands for a checked password. It is good in the browser it was shown to, and there once.
  const pending =
    binding === null || !isFormToken(parts, request, form.get(signInFields.token), 'sign-in')
      ? null
      : await parts.pendingSignIns.use(step, binding, form.get(ticketField) ?? '')
  if (pending === null)
    return showSignIn(parts, visit, { returnTo: `${parts.site.base}/`, error: { kind: 'form' } })
  await takeOver(parts, visit, pending, form.get(accountFields.action) ?? '')
}

async function takeOver(
  parts: GatewayParts,
  visit: Visit,
  pending: PendingSignIn,
  action: string,
): Promise<void> {
  const { issuedAt: _, ...start } = pending
  // Listed before it is checked again whether they may still sign in: what begins after a revocation is not among them.
  const all = await parts.sessions.listUser(pending.identity)
  const chosen = action === endAll ? all : all.filter(({ sid }) => action === `end:${markOf(sid)}`)
  // SECURITY: the password may have been changed since, the account disabled, a factor added. Then this begins nothing, and
  // nothing may end. That there is no room is the last thing that is found: whoever hears it passed all the rest.
  let issued = await beginSession(parts, visit, start, pending.returnTo)
  if (issued === 'full' && chosen.length > 0) {
    await endChosen(parts, pending, chosen)
    issued = await beginSession(parts, visit, start, pending.returnTo)
  } else if (isIssued(issued)) await endBesides(parts, pending, chosen, issued)
  // Another browser was quicker, or nothing was chosen: asked again.
  if (issued === 'full') return showFull(parts, visit, pending)
  if (issued === null || issued === 'disabled')
    return showSignIn(parts, visit, { returnTo: pending.returnTo, error: { kind: 'form' } })
  // A factor was added meanwhile, or has to be.
  if ('location' in issued)
    return sendOn(visit.response, issued.location, { 'set-cookie': [...issued.cookies] })
  sendOn(visit.response, pending.returnTo, { 'set-cookie': signedInCookies(parts, issued) })
}

function isIssued(begun: Awaited<ReturnType<typeof beginSession>>): begun is Issued {
  return begun !== null && typeof begun === 'object' && 'session' in begun
}

async function endChosen(
  { sessions, onEvent }: GatewayParts,
  { identity }: PendingSignIn,
  chosen: readonly Session[],
): Promise<void> {
  for (const { sid } of chosen) {
    await sessions.end(sid)
    onEvent({ event: 'session_revoked', scope: 'session', subject: identity.userId })
  }
}

/** Ends what was chosen although there was room by then. What cannot be confirmed must not leave a session nobody holds. */
async function endBesides(
  parts: GatewayParts,
  pending: PendingSignIn,
  chosen: readonly Session[],
  { session }: Issued,
): Promise<void> {
  try {
    await endChosen(parts, pending, chosen)
  } catch (error) {
    parts.sessions.abandon(session)
    throw error
  }
}
