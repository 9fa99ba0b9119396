/** Signing in at an identity provider: there, back, and what the provider tells us by itself. */
import { isOwnNavigation } from '../../core/csrf.ts'
import { AuthError } from '../../core/errors.ts'
import { returnPath } from '../../core/return-to.ts'
import { readForm } from '../../pages/form.ts'
import { ownPath } from '../../pages/own-path.ts'
import type { GatewayParts } from '../parts.ts'
import type { ProviderChoice } from '../people.ts'
import { sendProblem } from '../problems.ts'
import { parameter } from '../target.ts'
import { readBody, sendOn, type Visit } from '../visit.ts'
import { providerSignedOut } from './oidc-sign-out.ts'
import { beginSession } from './session-start.ts'
import { showSignIn } from './sign-in-shown.ts'
import { showFull } from './take-over.ts'

const longestLogout = 32_768

/** Answers `oidc/<name>`, `oidc/<name>/callback` and `oidc/<name>/backchannel`. */
export async function oidcRoute(parts: GatewayParts, visit: Visit, rest: string): Promise<void> {
  const [name = '', step = '', ...more] = rest.split('/')
  const choice = parts.people.providers.find((one) => one.name === name)
  if (choice === undefined || more.length > 0) return sendProblem(parts, visit, 'not-found')
  const wanted = step === 'backchannel' ? 'POST' : 'GET'
  if (visit.request.method !== wanted)
    return sendProblem(parts, visit, 'method-not-allowed', { headers: { allow: wanted } })
  if (step === '') return begin(parts, visit, choice)
  if (step === 'callback') return finish(parts, visit, choice)
  if (step === 'backchannel') return hear(parts, visit, choice)
  sendProblem(parts, visit, 'not-found')
}

async function begin(parts: GatewayParts, visit: Visit, { name, provider }: ProviderChoice): Promise<void> {
  const { request, response, target } = visit
  const returnTo = returnPath(parameter(target.query, 'return_to'), parts.site.base)
  // A link from elsewhere must not sign anybody in behind their back: they see our page, and choose.
  const site = request.headers['sec-fetch-site']
  if (site !== undefined && site !== 'none' && !isOwnNavigation(request.headers))
    return sendOn(
      response,
      `${ownPath(parts.site.base, 'sign-in')}?return_to=${encodeURIComponent(returnTo)}`,
    )
  const flow = parts.oidcFlows.begin(name, returnTo)
  try {
    const there = await provider.begin(flow, parameter(target.query, 'fresh') === '1')
    sendOn(response, there.href, { 'set-cookie': [...parts.oidcFlows.keep(flow, request.headers.cookie)] })
  } catch (error) {
    if (!(error instanceof AuthError)) throw error
    unavailable(parts, visit, error, returnTo)
  }
}

async function finish(parts: GatewayParts, visit: Visit, { name, provider }: ProviderChoice): Promise<void> {
  const { request, target, presented } = visit
  const state = parameter(target.query, 'state') ?? ''
  const flow = parts.oidcFlows.find(state, name, request.headers.cookie)
  // Once, on whatever replica: a callback that was copied from a history opens nothing (RFC 9700 §4.2).
  if (flow === null || !(await parts.store.once(`oidc:${name}:${state}`, flowLifetime))) {
    // Somebody who is in already came back late, or by the back button: nothing is wrong for them.
    if (presented.session?.identity != null) return sendOn(visit.response, `${parts.site.base}/`)
    return showSignIn(parts, visit, { returnTo: `${parts.site.base}/`, error: { kind: 'form' } })
  }
  const since = await parts.sessions.begin()
  const gone = [parts.oidcFlows.remove(state)]
  try {
    const callback = new URL(`${parts.site.origin}${target.path}${target.query}`)
    const vouched = await provider.finish(callback, flow)
    if (vouched === null) {
      parts.onEvent({ event: 'sign_in_failed', address: visit.address })
      return showSignIn(parts, visit, { returnTo: flow.returnTo, error: { kind: 'form' } }, gone)
    }
    const start = { ...vouched, remember: false, begun: since }
    const begun = await beginSession(parts, visit, start, flow.returnTo)
    if (begun === 'disabled') {
      parts.onEvent({ event: 'sign_in_failed', address: visit.address })
      return sendProblem(parts, visit, 'forbidden')
    }
    if (begun === 'full') return showFull(parts, visit, { ...start, returnTo: flow.returnTo }, gone)
    if (begun === null)
      return showSignIn(parts, visit, { returnTo: flow.returnTo, error: { kind: 'form' } }, gone)
    if ('location' in begun)
      return sendOn(visit.response, begun.location, { 'set-cookie': [...gone, ...begun.cookies] })
    sendOn(visit.response, flow.returnTo, {
      'set-cookie': [...gone, parts.cookie.write(begun.credential, null)],
    })
  } catch (error) {
    if (!(error instanceof AuthError)) throw error
    unavailable(parts, visit, error, flow.returnTo)
  }
}

const flowLifetime = 15 * 60_000

function unavailable(parts: GatewayParts, visit: Visit, error: AuthError, returnTo: string): void {
  parts.log.write('warn', 'sign_in_unavailable', { reason: error.message })
  showSignIn(parts, visit, { returnTo, error: { kind: 'unavailable' } })
}

/** OpenID Connect Back-Channel Logout 1.0: the provider tells us, server to server, who is out. */
async function hear(parts: GatewayParts, visit: Visit, choice: ProviderChoice): Promise<void> {
  const { name, provider } = choice
  const body = await readBody(visit.request, longestLogout)
  const token = body === null ? undefined : readForm(body)?.get('logout_token')
  try {
    const subject = token === undefined ? null : await provider.readLogout(token)
    if (subject === null) return sendProblem(parts, visit, 'bad-request')
    const work = () => providerSignedOut(parts, provider, subject)
    await parts.people.heardLogouts.once(name, subject.jti, work)
  } catch (error) {
    if (!(error instanceof AuthError)) throw error
    // Its keys cannot be had: whether the token is good is not known, and the provider is to send it again.
    parts.log.write('warn', 'logout_not_heard', { name, reason: error.message })
    return sendProblem(parts, visit, 'unavailable')
  }
  visit.response.writeHead(200, { 'cache-control': 'no-store', 'content-length': 0 }).end()
}
