/** The sign-in page and what its form does. */
import type { IncomingMessage } from 'node:http'
import type { Issued } from '../../core/manager.ts'
import { returnPath } from '../../core/return-to.ts'
import { type SignInError, type SignInReason, signInReason } from '../../pages/sign-in.ts'
import { readSignInForm, type SignInForm } from '../../pages/sign-in-form.ts'
import type { GatewayParts } from '../parts.ts'
import { openPasswordCheck, unavailable } from '../password-check.ts'
import type { PendingSignIn } from '../pending-sign-in.ts'
import { sendProblem } from '../problems.ts'
import { parameter } from '../target.ts'
import { readBody, sendOn, type Visit } from '../visit.ts'
import { signedOutState } from './oidc-sign-out.ts'
import { formRefusal, isFormToken } from './own-form.ts'
import { beginSession, type FactorAsked } from './session-start.ts'
import { showSignIn, signedInCookies } from './sign-in-shown.ts'
import { showFull } from './take-over.ts'

const longestForm = 16_384
// A revocation that came between the password check and the new session: check once more, against what holds now.
const rounds = 2

export async function signInRoute(parts: GatewayParts, visit: Visit): Promise<void> {
  if (visit.request.method === 'POST') return submit(parts, visit)
  const wanted = returnPath(parameter(visit.target.query, 'return_to'), parts.site.base)
  // Who is signed in already came by a stale link or the back button.
  if (visit.presented.session?.identity != null)
    return sendOn(visit.response, wanted, replacementOf(parts, visit))
  showSignIn(parts, visit, {
    returnTo: wanted,
    reason: givenReason(visit) ?? endReason(parts, visit),
  })
}

function givenReason({ target }: Visit): SignInReason | undefined {
  // A provider that has signed somebody out sends them back with a state and nothing else.
  if (parameter(target.query, 'state') === signedOutState) return signedOutState
  return signInReason(parameter(target.query, 'reason'))
}

/** Why the browser's session is over, where it is not for the usual reasons. */
function endReason({ sessions }: GatewayParts, { presented }: Visit): 'replaced' | undefined {
  const { credential, session } = presented
  return credential !== null && session === null && sessions.gaveWay(credential) ? 'replaced' : undefined
}

async function submit(parts: GatewayParts, visit: Visit): Promise<void> {
  const { request, response } = visit
  const refusal = formRefusal(parts, request)
  if (refusal !== null) return sendProblem(parts, visit, refusal)
  const body = await readBody(request, longestForm)
  const form = body === null ? null : readSignInForm(body)
  if (form === null) return sendProblem(parts, visit, body === null ? 'too-large' : 'bad-request')

  const returnTo = returnPath(form.returnTo, parts.site.base)
  const again = (error: SignInError): void =>
    showSignIn(parts, visit, { returnTo, error, username: form.username, remember: form.remember })

  if (!isOurForm(parts, request, form)) return again({ kind: 'form' })
  const outcome = await attempt(parts, visit, form)
  if (outcome.kind === 'full') return showFull(parts, visit, { ...outcome.pending, returnTo })
  if (outcome.kind === 'factor')
    return sendOn(response, outcome.asked.location, { 'set-cookie': [...outcome.asked.cookies] })
  if (outcome.kind !== 'signed-in') return again(outcome)
  sendOn(response, returnTo, { 'set-cookie': signedInCookies(parts, outcome.issued) })
}

/**
 * Tabs that come here together are each shown a form, and the browser keeps the binding of one. So where the browser
 * itself says that a page of ours sent the form (no page's script can say so), its word is enough; the token is for
 * browsers that say nothing.
 */
function isOurForm(parts: GatewayParts, request: IncomingMessage, form: SignInForm): boolean {
  return (
    request.headers['sec-fetch-site'] === 'same-origin' || isFormToken(parts, request, form.token, 'sign-in')
  )
}

type Outcome =
  | Exclude<SignInError, { kind: 'full' }>
  | { readonly kind: 'full'; readonly pending: Omit<PendingSignIn, 'returnTo'> }
  | { readonly kind: 'factor'; readonly asked: FactorAsked }
  | { readonly kind: 'signed-in'; readonly issued: Issued }

async function attempt(parts: GatewayParts, visit: Visit, form: SignInForm): Promise<Outcome> {
  const { address } = visit
  const check = await openPasswordCheck(parts, { ...form, address })
  if (check.kind !== 'open') return check
  try {
    for (let round = 0; round < rounds; round++) {
      const begun = await parts.sessions.begin()
      const identity = await check.verify()
      if (identity === null) break
      const { remember } = form
      const token = parts.people.tokenOf(identity)
      const issued = await beginSession(
        parts,
        visit,
        { identity, token, remember, begun },
        returnPath(form.returnTo, parts.site.base),
      )
      if (issued === 'disabled') break
      if (issued === 'full') return { kind: 'full', pending: { identity, token, remember, begun } }
      if (issued === null) continue
      return 'location' in issued ? { kind: 'factor', asked: issued } : { kind: 'signed-in', issued }
    }
    parts.onEvent({ event: 'sign_in_failed', address })
    return { kind: 'credentials' }
  } catch (error) {
    return unavailable(parts, error)
  }
}

function replacementOf(parts: GatewayParts, visit: Visit): Record<string, string[]> {
  const line = replacementCookie(parts, visit)
  return line === null ? {} : { 'set-cookie': [line] }
}

/** The Set-Cookie line that hands the browser its session's new token, where there is one. */
export function replacementCookie(parts: GatewayParts, { presented }: Visit): string | null {
  const { session, replacement } = presented
  if (session === null || replacement === null) return null
  const maxAge = session.remember ? Math.floor((session.absoluteAt - parts.now()) / 1000) : null
  return parts.cookie.write(replacement, maxAge)
}
