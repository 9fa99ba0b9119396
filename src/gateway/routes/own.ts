/** Everything under `/_holdfast/`. */
import type { BrowserScript } from '../client-script.ts'
import type { GatewayParts } from '../parts.ts'
import { sendProblem } from '../problems.ts'
import type { Visit } from '../visit.ts'
import { accountRoute } from './account.ts'
import { accountDetailsRoute, confirmEmailRoute } from './account-details.ts'
import { accountFactorsRoute } from './account-factors.ts'
import { clearCacheRoute } from './clear-cache.ts'
import { factorRoute } from './factor.ts'
import { forgotPasswordRoute, forgotUsernameRoute } from './forgotten.ts'
import { guestRoute } from './guest.ts'
import { oidcRoute } from './oidc.ts'
import { passkeyRoute } from './passkey.ts'
import { registerRoute } from './register.ts'
import { resetPasswordRoute } from './reset-password.ts'
import { beginRoute, sessionRoute } from './session.ts'
import { signInRoute } from './sign-in.ts'
import { signOutRoute } from './sign-out.ts'
import { stepUpRoute } from './step-up.ts'
import { takeOverRoute } from './take-over.ts'
import { ticketRoute } from './ticket.ts'

type Route = (parts: GatewayParts, visit: Visit) => Promise<void> | void

const routes: ReadonlyMap<string, { readonly methods: readonly string[]; readonly route: Route }> = new Map([
  ['sign-in', { methods: ['GET', 'HEAD', 'POST'], route: signInRoute }],
  ['take-over', { methods: ['POST'], route: takeOverRoute }],
  ['sign-out', { methods: ['GET', 'HEAD', 'POST'], route: signOutRoute }],
  ['clear-cache', { methods: ['GET'], route: clearCacheRoute }],
  ['account', { methods: ['GET', 'HEAD', 'POST'], route: accountRoute }],
  ['account/details', { methods: ['GET', 'HEAD', 'POST'], route: accountDetailsRoute }],
  ['account/email', { methods: ['GET', 'HEAD', 'POST'], route: confirmEmailRoute }],
  ['register', { methods: ['GET', 'HEAD', 'POST'], route: registerRoute }],
  ['forgot-password', { methods: ['GET', 'HEAD', 'POST'], route: forgotPasswordRoute }],
  ['reset-password', { methods: ['GET', 'HEAD', 'POST'], route: resetPasswordRoute }],
  ['forgot-username', { methods: ['GET', 'HEAD', 'POST'], route: forgotUsernameRoute }],
  ['guest', { methods: ['POST'], route: guestRoute }],
  ['account/factors', { methods: ['GET', 'HEAD', 'POST'], route: accountFactorsRoute }],
  ['factor', { methods: ['GET', 'HEAD', 'POST'], route: factorRoute }],
  ['step-up', { methods: ['GET', 'HEAD', 'POST'], route: stepUpRoute }],
  ['passkey', { methods: ['POST'], route: passkeyRoute }],
  ['session', { methods: ['GET', 'HEAD', 'POST'], route: sessionRoute }],
  ['ticket', { methods: ['POST'], route: ticketRoute }],
  ['begin', { methods: ['POST'], route: beginRoute }],
  [
    'client.js',
    { methods: ['GET', 'HEAD'], route: ({ clientScript }, visit) => sendScript(visit, clientScript) },
  ],
  [
    'passkey.js',
    { methods: ['GET', 'HEAD'], route: ({ passkeyScript }, visit) => sendScript(visit, passkeyScript) },
  ],
  ['streamlit.js', { methods: ['GET', 'HEAD'], route: presetScriptRoute }],
])

// Whatever signing in or out leads through: the admin page has these, and nothing else of what is here.
const signingInAndOut: ReadonlySet<string> = new Set([
  'sign-in',
  'sign-out',
  'clear-cache',
  'factor',
  'step-up',
  'passkey',
  'passkey.js',
])

/** Whether a path of ours is part of signing in or out. */
export function isSigningInOrOut(name: string): boolean {
  return signingInAndOut.has(name) || /^oidc\/[^/]+(?:\/callback)?$/.test(name)
}

/** Answers a path of ours; what we do not know is 404 and never reaches the app. */
export function ownRoute(parts: GatewayParts, visit: Visit, name: string): Promise<void> | void {
  if (name.startsWith('oidc/')) return oidcRoute(parts, visit, name.slice('oidc/'.length))
  const entry = routes.get(name)
  if (entry === undefined) return sendProblem(parts, visit, 'not-found')
  if (!entry.methods.includes(visit.request.method ?? '')) {
    return sendProblem(parts, visit, 'method-not-allowed', { headers: { allow: entry.methods.join(', ') } })
  }
  return entry.route(parts, visit)
}

function presetScriptRoute(parts: GatewayParts, visit: Visit): void {
  if (parts.presetScript === null) return sendProblem(parts, visit, 'not-found')
  sendScript(visit, parts.presetScript)
}

function sendScript({ request, response }: Visit, { body }: BrowserScript): void {
  response.writeHead(200, {
    'content-type': 'text/javascript; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    // Its URL carries its version.
    'cache-control': 'public, max-age=31536000, immutable',
    'x-content-type-options': 'nosniff',
    'cross-origin-resource-policy': 'same-origin',
  })
  response.end(request.method === 'HEAD' ? undefined : body)
}
