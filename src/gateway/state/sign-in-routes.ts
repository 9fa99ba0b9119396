/** Signing in and out for the app: what its own forms were filled with, and by whom. */
import type { IncomingMessage } from 'node:http'
import type { SessionState, StateEngine } from '../../core/state.ts'
import type { AppAccountParts } from '../app-account.ts'
import { type AppForm, appSignIn } from '../app-sign-in.ts'
import { type PagePass, type PagePasses, pageHeader } from '../page-pass.ts'
import { type Fault, sendFault, sendJson } from './state-answer.ts'
import { isMap } from './state-request.ts'
import type { UrlSessionCall } from './url-session-routes.ts'

/** What signing in needs besides. */
export interface AppPeople extends AppAccountParts {
  readonly pagePasses: PagePasses
}

/** The paths and what answers them. */
export function signInRoutes(
  parts: AppPeople,
): ReadonlyMap<string, (call: UrlSessionCall) => Promise<void> | void> {
  return new Map([
    ['/sign-in', (call) => signIn(parts, call)],
    ['/sign-out', (call) => signOut(parts, call)],
  ])
}

async function signIn(parts: AppPeople, call: UrlSessionCall): Promise<void> {
  const { response, body } = call
  const form = formOf(body)
  if (form === null) return sendFault(response, 400, { code: 'ERR_STATE_REQUEST', detail: wrongForm })
  const pass = passOf(parts, call, 'nobody')
  if ('code' in pass) return sendFault(response, 400, pass)
  const answer = await appSignIn(parts, pass, form)
  if (answer.outcome === 'gone') return sendFault(response, 410, ended)
  sendJson(response, JSON.stringify(answer))
}

/** Answers once no process lets the session in any more; its pages leave by themselves. */
async function signOut(parts: AppPeople, { state, request, response }: UrlSessionCall): Promise<void> {
  const session = sessionOf(state, request)
  if (session === null) return sendFault(response, 400, noSession)
  // Who is not signed in keeps what they do here.
  const wasSignedIn = session.owner !== null && (await parts.sessions.end(session.sid))
  if (wasSignedIn) parts.onEvent({ event: 'session_signed_out', sid: session.sid, userId: null })
  sendJson(response, JSON.stringify({ ended: wasSignedIn }))
}

function formOf(body: unknown): AppForm | null {
  if (!isMap(body)) return null
  const { username, password, remember = false } = body
  if (typeof username !== 'string' || typeof password !== 'string' || typeof remember !== 'boolean')
    return null
  // As long as our own form may be.
  return username.length + password.length > longestForm ? null : { username, password, remember }
}

const longestForm = 16_384

/** Which page it was typed into, by somebody who is signed in or not; a fault where that is not so. */
export function passOf(
  { pagePasses }: Pick<AppPeople, 'pagePasses'>,
  { state, request }: Pick<UrlSessionCall, 'state' | 'request'>,
  who: 'anybody' | 'nobody' | 'somebody',
): PagePass | Fault {
  const session = sessionOf(state, request)
  const text = request.headers[pageHeader]
  const pass = typeof text === 'string' ? pagePasses.read(text) : null
  if (session === null || pass === null || pass.sid !== session.sid) return noPage
  if (who === 'nobody' && session.owner !== null) return signedIn
  return who === 'somebody' && session.owner === null ? anonymous : pass
}

function sessionOf(state: StateEngine, { headers }: IncomingMessage): SessionState | null {
  const capability = headers['holdfast-session']
  return typeof capability === 'string' ? state.of(capability) : null
}

const wrongForm = `The body must have \`username\` and \`password\`, together at most ${longestForm} characters, and may have \`remember\`.`
const noPage: Fault = {
  code: 'ERR_SIGN_IN_PAGE',
  detail:
    'This needs the Holdfast-Session and Holdfast-Page headers of the socket of the page that the form is on. They are ' +
    'missing, or were not made by this gateway for one page.',
}
const signedIn: Fault = {
  code: 'ERR_SIGN_IN_TWICE',
  detail: 'Somebody is signed in on this page already. Sign out first.',
}
const anonymous: Fault = {
  code: 'ERR_STATE_ANONYMOUS',
  detail: 'Nobody is signed in on this page, so there is no account that it could be about.',
}
const noSession: Fault = {
  code: 'ERR_STATE_SESSION',
  detail: 'This needs the Holdfast-Session header of the request that the app is answering.',
}
/** The page's session is over. */
export const ended: Fault = {
  code: 'ERR_SESSION_ENDED',
  detail: 'The session of this page has ended: somebody signed in or out in it meanwhile. Nothing was done.',
}
