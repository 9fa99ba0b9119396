/** One HTTP request, from its first line to an answer: checks in one order, one decision, then ours or the app's. */
import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { StoreError, type UpstreamError } from '../core/errors.ts'
import { holdfastPath } from '../core/protocol.ts'
import { ownPath } from '../pages/own-path.ts'
import { decide } from './access.ts'
import { cookieMemory } from './cookie-memory.ts'
import { switchOver } from './old-sessions.ts'
import { pageSnippet } from './page-snippet.ts'
import type { GatewayParts } from './parts.ts'
import { isKnownLive, presented } from './presented.ts'
import { sendProblem } from './problems.ts'
import { requestHeaders } from './proxy/headers.ts'
import type { Exchange } from './proxy/http.ts'
import { instanceOf } from './proxy/instances.ts'
import { type Lead, leadOf } from './proxy/lead.ts'
import { isReachingWorker } from './proxy/worker-scope.ts'
import { bareHealthRoute, healthRoute } from './routes/health.ts'
import { sendLeavingWorker } from './routes/leaving-worker.ts'
import { ownRoute } from './routes/own.ts'
import { replacementCookie } from './routes/sign-in.ts'
import { appSignOutRoute } from './routes/sign-out.ts'
import { requestTarget, type Target } from './target.ts'
import { endIdleBody, isActivity, isNavigation, type Presented, sendOn, type Visit } from './visit.ts'

const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])
const conditional: ReadonlySet<string> = new Set([
  'accept-encoding',
  'if-none-match',
  'if-modified-since',
  'if-range',
  'range',
])

const nothing: ReadonlySet<string> = new Set()
const noCookies: readonly string[] = []

/** A handler for `http.Server`'s `request` event. */
export function requestHandler(
  parts: GatewayParts,
): (request: IncomingMessage, response: ServerResponse) => void {
  // Names requests in logs and on error pages; no secret. A random word for each process and a count: a random word
  // for each request would be a tenth of what the request costs.
  const word = randomBytes(6).toString('base64url')
  let count = 0
  const read = cookieMemory(parts.cookie, parts.preset.isReservedCookie, parts.instanceCookie)
  // Connections on which something could be read in more than one way.
  const spoilt = new WeakSet<Socket>()

  return (request, response) => {
    const id = `${word}-${count++}`
    const target = requestTarget(request.url ?? '')
    if (target === null || spoilt.has(request.socket) || !isWellFramed(request))
      return refuse(parts, { request, response, id }, spoilt)
    if (healthRoute(parts, target.path, response)) return
    const bare = { request, response, id, target }
    if (!isForUs(parts, bare)) return

    const local = localPath(parts.site.base, target.path)
    if (local === null) return sendProblem(parts, bare, 'not-found')
    const address = parts.clientAddress(request.socket.remoteAddress, one(request.headers['x-forwarded-for']))
    try {
      const cookies = read(request)
      const who = presented(parts, cookies)
      if (!(who instanceof Promise))
        return serve(parts, { request, response, id, target, local, address, cookies, presented: who })
      who
        .then((late) =>
          serve(parts, { request, response, id, target, local, address, cookies, presented: late }),
        )
        .catch((error: unknown) => fail(parts, bare, error))
    } catch (error) {
      fail(parts, bare, error)
    }
  }
}

type Bare = Pick<Visit, 'request' | 'response' | 'id'> & { readonly target?: Target }

function refuse(parts: GatewayParts, bare: Bare, spoilt: WeakSet<Socket>): void {
  const { socket } = bare.request
  // The parser may have read on already: what comes behind is nobody's request, or a smuggled one.
  if (spoilt.has(socket)) {
    bare.response.destroy()
    return
  }
  spoilt.add(socket)
  if (bareHealthRoute(parts, bare.request, bare.response)) return
  bare.response.shouldKeepAlive = false
  sendProblem(parts, bare, 'bad-request')
}

// `maxHeadersCount` of the server.
const mostHeaders = 200

/** Whether the request can be read in one way only. Node's parser has refused most of what cannot (RFC 9112 §6.3). */
export function isWellFramed(request: IncomingMessage): boolean {
  const { rawHeaders, headers } = request
  // Node 20 and 22 leave what is over the limit out of `headers`, by which we decide, but not out of `rawHeaders`, which
  // goes to the app; Node 24 refuses it.
  if (rawHeaders.length > 2 * mostHeaders) return false
  let hosts = 0
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? ''
    if (name.length === 4 && name.toLowerCase() === 'host') hosts++
  }
  if (hosts !== 1) return false
  const coding = headers['transfer-encoding']
  return coding === undefined || (coding.toLowerCase() === 'chunked' && request.httpVersion === '1.1')
}

function isForUs(parts: GatewayParts, bare: Bare & { readonly target: Target }): boolean {
  const { site } = parts
  const { request, response, target } = bare
  if (!methods.has(request.method ?? '')) {
    sendProblem(parts, bare, 'method-not-allowed', { headers: { allow: [...methods].join(', ') } })
    return false
  }
  const verdict = site.judgeHost(request.headers.host)
  if (verdict === 'ours') return true
  if (verdict === 'alias' && isNavigation(request))
    sendOn(response, `${site.origin}${target.path}${target.query}`)
  else sendProblem(parts, bare, 'unknown-host')
  return false
}

/** The path after the base path; `null` if it is not under it. */
export function localPath(base: string, path: string): string | null {
  if (base === '') return path
  if (path === base) return '/'
  return path.startsWith(`${base}/`) ? path.slice(base.length) : null
}

function serve(parts: GatewayParts, visit: Visit): void {
  const { target, local, request, presented: who } = visit
  if (isReachingWorker(request.headers, target.path, parts.site.base)) return sendLeavingWorker(parts, visit)
  if (local.startsWith(holdfastPath))
    return guarded(parts, visit, ownRoute(parts, visit, local.slice(holdfastPath.length)))
  const asked = parts.preset.ownRoute(target.path)
  if (asked === 'sign-out') return guarded(parts, visit, appSignOutRoute(parts, visit))
  if (asked === 'sign-in') return sendOn(visit.response, ownPath(parts.site.base, 'sign-in'))

  const decision = decide(local, who.session, parts.rules, parts.access, parts.now())
  if (decision === 'sign-in') {
    const mayBring = parts.oldSessions !== null && who.credential === null && isNavigation(request)
    return mayBring ? guarded(parts, visit, switchedOver(parts, visit)) : toSignIn(parts, visit)
  }
  if (decision === 'forbidden') return sendProblem(parts, visit, 'forbidden')
  if (decision !== 'pass') return toStepUp(parts, visit, decision)
  if (
    who.session !== null &&
    who.session.version > 0 &&
    isActivity(request, parts.preset.isPolled(target.path))
  ) {
    parts.sessions.touch(who.session)
  }
  if (isDocument(request) && who.session !== null && parts.sessions.isRotationDue(who.session)) {
    return guarded(parts, visit, rotated(parts, visit, who))
  }
  forward(parts, visit)
}

function guarded(parts: GatewayParts, visit: Visit, work: Promise<void> | void): void {
  if (work instanceof Promise) work.catch((error: unknown) => fail(parts, visit, error))
}

/** An old token is replaced at a document: there the browser takes the new cookie, and no socket is being opened. */
async function rotated(parts: GatewayParts, visit: Visit, who: Presented): Promise<void> {
  const issued = who.session === null ? null : await parts.sessions.rotate(who.session, who.credential ?? '')
  if (issued === null) return forward(parts, visit)
  forward(parts, { ...visit, presented: { ...who, session: issued.session, replacement: issued.credential } })
}

/** Who is signed in with the system before us need not sign in again. */
async function switchedOver(parts: GatewayParts, visit: Visit): Promise<void> {
  if (!(await switchOver(parts, visit))) toSignIn(parts, visit)
}

function toSignIn(parts: GatewayParts, visit: Visit): void {
  const { target, request, response } = visit
  if (!isNavigation(request)) return sendProblem(parts, visit, 'sign-in-required')
  const wanted = encodeURIComponent(target.path + target.query)
  // Somebody whose session has ended is told so; who never had one is simply asked.
  const { credential } = visit.presented
  const why = credential !== null && parts.sessions.gaveWay(credential) ? 'replaced' : 'expired'
  const reason = credential === null ? '' : `&reason=${why}`
  sendOn(response, `${ownPath(parts.site.base, 'sign-in')}?return_to=${wanted}${reason}`)
}

function toStepUp(parts: GatewayParts, visit: Visit, decision: 'step-up' | 'step-up-factor'): void {
  const { target, request, response } = visit
  if (!isNavigation(request)) return sendProblem(parts, visit, 'step-up-required')
  const wanted = encodeURIComponent(target.path + target.query)
  const factor = decision === 'step-up-factor' ? '&factor=1' : ''
  sendOn(response, `${ownPath(parts.site.base, 'step-up')}?return_to=${wanted}${factor}`)
}

function forward(parts: GatewayParts, visit: Visit): void {
  const { request, response, target, presented: who } = visit
  const { site } = parts
  const document = isDocument(request)
  const headers = requestHeaders(request.rawHeaders, {
    ours: parts.forwarded(visit),
    dropCookie: parts.preset.isReservedCookie,
    cookies: visit.cookies,
    without: document ? conditional : nothing,
  })
  const cookie = replacementCookie(parts, visit)
  const { session } = who
  if (hasBody(request)) endIdleBody(request)
  let release: (() => void) | null = null

  const exchange: Exchange = {
    request,
    response,
    path: target.path + target.query,
    headers,
    guarded: session !== null || parts.access === 'signed-in',
    document,
    secure: site.secure,
    base: site.base,
    snippet: document ? pageSnippet(parts, visit) : null,
    setCookie: cookie === null ? noCookies : [cookie],
    onFailure: (error) => upstreamFailed(parts, visit, error),
    onAnswer(streaming) {
      // An event stream or a long download must not outlive the session it was opened with.
      if (!streaming || session === null || session.identity === null) return
      // The app may have taken its time: an answer can begin only after its session was over.
      const isKnown = isKnownLive(parts, who.credential)
      release = parts.sockets.hold(session, { end: () => response.destroy() }, isKnown)
      response.once('close', () => release?.())
    },
  }
  parts.upstream.forward(exchange, leadTo(parts, visit, document))
}

function leadTo(
  { instanceCookie }: GatewayParts,
  { cookies, presented, address }: Visit,
  document: boolean,
): Lead | null {
  if (instanceCookie === null) return null
  return leadOf({ pin: cookies?.pin ?? null, session: presented.session, address, document })
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined
}

function isDocument(request: IncomingMessage): boolean {
  const destination = request.headers['sec-fetch-dest']
  if (destination !== undefined)
    return destination === 'document' || destination === 'iframe' || destination === 'frame'
  return request.method === 'GET' && (request.headers.accept ?? '').includes('text/html')
}

function upstreamFailed(parts: GatewayParts, visit: Visit, error: UpstreamError): void {
  const about = { id: visit.id, code: error.code, reason: error.message, ...instanceOf(error) }
  parts.log.write('warn', 'upstream_failed', about)
  sendProblem(parts, visit, error.code === 'ERR_UPSTREAM_TIMEOUT' ? 'app-timeout' : 'app-unreachable')
}

function fail(parts: GatewayParts, bare: Bare, error: unknown): void {
  if (error instanceof StoreError) {
    parts.onEvent({ event: 'store_failed', code: error.code, during: 'request' })
    return sendProblem(parts, bare, 'unavailable')
  }
  const reason = error instanceof Error ? (error.stack ?? error.message) : 'unknown'
  parts.log.write('error', 'request_failed', { id: bare.id, reason })
  sendProblem(parts, bare, 'internal')
}

function one(value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : value?.join(', ')
}
