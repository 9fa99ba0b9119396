/** Signing in with a passkey and nothing else: the device, and what its owner knows or is. */
import { readFormCookie } from '../../core/form-cookie.ts'
import { returnPath } from '../../core/return-to.ts'
import { readForm } from '../../pages/form.ts'
import { passkeyField } from '../../pages/passkey-form.ts'
import { signInFields } from '../../pages/sign-in-form.ts'
import type { GatewayParts } from '../parts.ts'
import { sendProblem } from '../problems.ts'
import { readBody, sendOn, type Visit } from '../visit.ts'
import { formRefusal, isFormToken } from './own-form.ts'
import { beginSession, type Start } from './session-start.ts'
import { showSignIn, signedInCookies } from './sign-in-shown.ts'
import { showFull } from './take-over.ts'

const longestForm = 32_768

export async function passkeyRoute(parts: GatewayParts, visit: Visit): Promise<void> {
  const { request, response, address } = visit
  const refusal = formRefusal(parts, request)
  if (refusal !== null) return sendProblem(parts, visit, refusal)
  const body = await readBody(request, longestForm)
  const form = body === null ? null : readForm(body)
  if (form === null) return sendProblem(parts, visit, body === null ? 'too-large' : 'bad-request')
  const returnTo = returnPath(form.get(signInFields.returnTo) ?? null, parts.site.base)
  const binding = readFormCookie(request.headers.cookie, parts.formCookieName)
  if (binding === null || !isFormToken(parts, request, form.get(signInFields.token), 'sign-in'))
    return showSignIn(parts, visit, { returnTo, error: { kind: 'form' } })

  const start = await startOf(parts, visit, form.get(passkeyField) ?? '', binding)
  const issued = start === null ? null : await beginSession(parts, visit, start, returnTo)
  if (issued === 'full' && start !== null) return showFull(parts, visit, { ...start, returnTo })
  if (issued !== null && typeof issued !== 'string' && !('location' in issued))
    return sendOn(response, returnTo, { 'set-cookie': signedInCookies(parts, issued) })
  parts.onEvent({ event: 'sign_in_failed', address })
  showSignIn(parts, visit, { returnTo, error: { kind: 'passkey' } })
}

/** Whose passkey it is, as the users file knows them now: who was removed or disabled since is nobody. */
async function startOf(
  { sessions, factors, people }: GatewayParts,
  { address }: Visit,
  text: string,
  binding: string,
): Promise<Start | null> {
  const begun = await sessions.begin()
  const shown = await factors.recognise(text, { binding, address })
  if (shown === null || shown.who.authenticator !== people.authenticator?.name) return null
  const identity = people.known(shown.who.userId)
  return identity === null ? null : { identity, token: null, remember: false, begun, factorAt: shown.at }
}
