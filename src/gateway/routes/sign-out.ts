/** Ending one's own session: acknowledged only when it is out everywhere. */
import { isOwnNavigation } from '../../core/csrf.ts'
import { StoreError } from '../../core/errors.ts'
import { returnPath } from '../../core/return-to.ts'
import { readForm } from '../../pages/form.ts'
import { ownPath } from '../../pages/own-path.ts'
import { signInFields } from '../../pages/sign-in-form.ts'
import { signOutPage } from '../../pages/sign-out.ts'
import type { GatewayParts } from '../parts.ts'
import { sendProblem } from '../problems.ts'
import { parameter } from '../target.ts'
import { isNavigation, readBody, sendOn, sendPage, type Visit } from '../visit.ts'
import { endedCookies } from './ended-cookies.ts'
import { providerSignOut } from './oidc-sign-out.ts'
import { formRefusal, isFormToken, shownForm } from './own-form.ts'

const longestForm = 4_096

/** Our own page: a GET asks, a POST acts. */
export async function signOutRoute(parts: GatewayParts, visit: Visit): Promise<void> {
  const { request } = visit
  if (request.method !== 'POST') {
    const wanted = parameter(visit.target.query, 'return_to')
    return confirm(parts, visit, undefined, returnPath(wanted, parts.site.base))
  }
  const refusal = formRefusal(parts, request)
  // Our script posts without a body, and so without a type.
  const bodiless = request.headers['content-type'] === undefined && request.headers['content-length'] === '0'
  if (refusal !== null && !(refusal === 'unsupported-type' && bodiless))
    return sendProblem(parts, visit, refusal)
  if (!bodiless && !(await isOurForm(parts, visit)))
    return confirm(parts, visit, 'form', `${parts.site.base}/`)
  await end(parts, visit)
}

/**
 * The app's own route, a GET. Acts only on a navigation that a page of this origin started; anything else (a link from
 * elsewhere, a prefetch, an image) gets the page that asks.
 */
export async function appSignOutRoute(parts: GatewayParts, visit: Visit): Promise<void> {
  if (visit.request.method === 'GET' && isOwnNavigation(visit.request.headers)) return end(parts, visit)
  return confirm(parts, visit, undefined, `${parts.site.base}/`)
}

async function isOurForm(parts: GatewayParts, visit: Visit): Promise<boolean> {
  const body = await readBody(visit.request, longestForm)
  const token = body === null ? undefined : readForm(body)?.get(signInFields.token)
  return isFormToken(parts, visit.request, token, 'sign-out')
}

async function confirm(
  parts: GatewayParts,
  visit: Visit,
  error: 'form' | 'unavailable' | undefined,
  returnTo: string,
): Promise<void> {
  const { session } = visit.presented
  const provider = session === null ? null : await providerSignOut(parts, session)
  const { site } = parts
  const { headers } = visit.request
  const form = shownForm(parts, visit.request, 'sign-out')
  const page = signOutPage({
    app: parts.app,
    base: site.base,
    secure: site.secure,
    acceptLanguage: headers['accept-language'],
    token: form.token,
    returnTo,
    user: session?.identity?.userId,
    provider: provider === null ? undefined : new URL(provider).origin,
    ...(error === undefined ? {} : { error }),
  })
  sendPage(visit.response, page, [form.cookie])
}

async function end(parts: GatewayParts, visit: Visit): Promise<void> {
  const { session } = visit.presented
  // Asked before the end: what the provider is to be told dies with the session.
  const elsewhere =
    session === null || !isNavigation(visit.request) ? null : await providerSignOut(parts, session)
  if (session !== null && session.version > 0) {
    try {
      await parts.sessions.end(session.sid)
    } catch (error) {
      if (!(error instanceof StoreError)) throw error
      // P1: what cannot be confirmed is not acknowledged, and the cookie stays for the next try.
      if (isNavigation(visit.request)) return confirm(parts, visit, 'unavailable', `${parts.site.base}/`)
      return sendProblem(parts, visit, 'unavailable')
    }
    parts.onEvent({ event: 'session_signed_out', sid: session.sid, userId: session.identity?.userId ?? null })
  }
  sendOn(visit.response, elsewhere ?? `${ownPath(parts.site.base, 'sign-in')}?reason=signed-out`, {
    'set-cookie': [...endedCookies(parts, visit)],
  })
}
