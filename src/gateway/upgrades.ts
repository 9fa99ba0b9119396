/** One WebSocket upgrade: the same checks and the same decision as a request, then Origin, then two joined sockets. */
import { randomBytes, randomInt } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { StoreError, UpstreamError } from '../core/errors.ts'
import { holdfastPath, sessionEndedCode, tabParameter, tabShape } from '../core/protocol.ts'
import type { Session } from '../core/session.ts'
import type { EndReason } from '../core/sockets.ts'
import { credentialDigest } from '../core/token.ts'
import { decide } from './access.ts'
import type { Opened } from './apps/preset.ts'
import { pinIn } from './cookie-memory.ts'
import { pageHeader } from './page-pass.ts'
import type { GatewayParts } from './parts.ts'
import { isKnownLive, presented } from './presented.ts'
import { tabHeader } from './proxy/forwarded.ts'
import { requestHeaders } from './proxy/headers.ts'
import { instanceOf } from './proxy/instances.ts'
import { type Lead, leadOf } from './proxy/lead.ts'
import type { Relay } from './proxy/relay.ts'
import { hasLeft, refuseUpgrade } from './proxy/upgrade.ts'
import type { SocketOpening } from './proxy/upstream.ts'
import { isWellFramed, localPath } from './requests.ts'
import type { EventsEndpoint } from './routes/events.ts'
import { requestTarget, type Target, withoutParameter } from './target.ts'
import type { Presented } from './visit.ts'

export interface UpgradeHandler {
  handle(request: IncomingMessage, socket: Duplex, head: Buffer): void
  /** Tells every client to come back later. */
  close(code: number, reason: string): void
}

const upgradeTimeout = 15_000
const reprotocolled: ReadonlySet<string> = new Set(['sec-websocket-protocol'])

export function upgradeHandler(parts: GatewayParts, events: EventsEndpoint): UpgradeHandler {
  const relays = new Set<Relay>()

  async function join(request: IncomingMessage, client: Duplex, head: Buffer): Promise<void> {
    const target = requestTarget(request.url ?? '')
    if (target === null) return deny(client, 400)
    const refused = refusal(parts, request, target)
    if (refused !== null) return deny(client, refused)
    const local = localPath(parts.site.base, target.path) ?? ''
    const { session, credential } = await presented(parts, credentialOf(parts, request))
    if (local.startsWith(holdfastPath)) return own(request, client, head, local, { session, credential })
    const decision = decide(local, session, parts.rules, parts.access, parts.now())
    if (decision !== 'pass') return deny(client, decision === 'forbidden' ? 403 : 401)
    await relayed(request, client, head, target, await stored(parts, request, session, credential))
  }

  function own(
    request: IncomingMessage,
    client: Duplex,
    head: Buffer,
    local: string,
    { session, credential }: Pick<Presented, 'session' | 'credential'>,
  ): void {
    if (local !== `${holdfastPath}events`) return deny(client, 404)
    if (session === null || session.identity === null) return deny(client, 401)
    events.accept(request, client, head, session, isKnownLive(parts, credential))
  }

  async function relayed(
    request: IncomingMessage,
    client: Duplex,
    head: Buffer,
    target: Target,
    session: Session | null,
  ): Promise<void> {
    if (hasLeft(client)) return void client.destroy()
    let relay: Relay | null = null
    let ended: EndReason | null = null
    const end = (reason: EndReason): void => {
      ended = reason
      if (relay === null) client.destroy()
      else relay.close(reason === 'unconfirmed' ? 1013 : sessionEndedCode, reason)
    }
    // Held before it is confirmed and before it is opened: an end that comes at any moment finds it.
    const release = session === null ? () => {} : parts.sockets.hold(session, { end }, true)
    client.once('close', release)
    if (session !== null && (await parts.sessions.refresh(session)) === null) return deny(client, 401)
    if (session !== null) parts.sessions.touch(session)

    const tab = tabOf(target)
    const opened = await parts.preset.open({
      path: target.path,
      session,
      tab,
      protocols: protocolsOf(request),
    })
    const opening: SocketOpening = {
      who: whose(parts, request, session),
      path: target.path + withoutParameter(target.query, tabParameter),
      headers: upstreamHeaders(parts, request, session, { tab, ...opened }),
      client,
      head,
      timeout: upgradeTimeout,
      onMessage() {
        if (session !== null) parts.sessions.touch(session)
      },
      onEnd() {
        if (relay !== null) relays.delete(relay)
      },
      ...(opened.tap === undefined ? {} : { tap: opened.tap.bind(opened) }),
    }
    const outcome = await parts.upstream.upgrade(opening, leadTo(parts, request, session))
    if ('refused' in outcome) return
    relay = outcome.relay
    relays.add(relay)
    if (ended !== null) end(ended)
  }

  return {
    handle(request, socket, head) {
      socket.on('error', () => socket.destroy())
      join(request, socket, head).catch((error: unknown) => {
        const id = randomBytes(9).toString('base64url')
        const reason = error instanceof Error ? error.message : 'unknown'
        parts.log.write('warn', 'upgrade_failed', { id, reason, ...instanceOf(error) })
        deny(socket, statusOf(error))
      })
    },
    close(code, reason) {
      for (const relay of relays) relay.close(code, reason)
      relays.clear()
    },
  }
}

/** The status for an upgrade that goes no further, or `null`. */
function refusal(parts: GatewayParts, request: IncomingMessage, target: Target): number | null {
  if (!isWellFramed(request) || request.method !== 'GET') return 400
  // h2c would tunnel requests that nobody here looks at.
  if (request.headers.upgrade?.toLowerCase() !== 'websocket') return 400
  if (request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined)
    return 400
  if (parts.site.judgeHost(request.headers.host) !== 'ours') return 421
  if (localPath(parts.site.base, target.path) === null) return 404
  const { origin } = request.headers
  if (origin === parts.site.origin) return null
  // Cookies of every kind ride along on a sibling's or a stranger's socket: Origin alone tells (CSWSH).
  parts.onEvent({
    event: 'origin_refused',
    origin: (origin ?? '').slice(0, 256),
    path: target.path.slice(0, 256),
  })
  return 403
}

function credentialOf(
  { cookie }: GatewayParts,
  { headers }: IncomingMessage,
): { readonly credential: string; readonly digest: string } | null {
  const credential = cookie.read(headers.cookie)
  return credential === null ? null : { credential, digest: credentialDigest(credential) }
}

/**
 * The session with its record, which an anonymous one gets when it opens its first socket. `null`: it gets none, and whoever
 * it is reaches the app as somebody who sends no cookie.
 */
async function stored(
  parts: GatewayParts,
  request: IncomingMessage,
  session: Session | null,
  credential: string | null,
): Promise<Session | null> {
  if (session === null || session.version > 0 || credential === null) return session
  const started = await parts.newcomers.start(credential, addressOf(parts, request))
  return started === null || 'seconds' in started ? null : started.session
}

function upstreamHeaders(
  parts: GatewayParts,
  request: IncomingMessage,
  session: Session | null,
  { tab, page, protocols }: Pick<Opened, 'page' | 'protocols'> & { readonly tab: string | null },
): string[] {
  const address = addressOf(parts, request)
  const ours = parts.forwarded({ address, presented: { session, credential: null, replacement: null } })
  if (session !== null && tab !== null) ours.push(tabHeader, tab)
  if (session !== null && page !== undefined)
    ours.push(pageHeader, parts.pagePasses.write({ sid: session.sid, id: session.id, page, address }))
  if (protocols.length > 0) ours.push('sec-websocket-protocol', protocols.join(', '))
  return requestHeaders(request.rawHeaders, {
    ours,
    cookie: parts.preset.userCookie(session) ?? undefined,
    dropCookie: parts.preset.isReservedCookie,
    without: reprotocolled,
  })
}

function addressOf({ clientAddress }: GatewayParts, { socket, headers }: IncomingMessage): string {
  return clientAddress(socket.remoteAddress, String(headers['x-forwarded-for'] ?? ''))
}

/** A user, however many sessions they have; of who is nobody, only the address is known. */
function whose(parts: GatewayParts, request: IncomingMessage, session: Session | null): string {
  return session?.user ?? addressOf(parts, request)
}

function leadTo(parts: GatewayParts, request: IncomingMessage, session: Session | null): Lead | null {
  if (parts.instanceCookie === null) return null
  const pin = pinIn(parts.instanceCookie, request.headers.cookie)
  // No cookie on a 101: what a socket is led by is what the page it belongs to was led by.
  return leadOf({ pin, session, address: addressOf(parts, request), document: false })
}

function protocolsOf(request: IncomingMessage): readonly string[] {
  const header = request.headers['sec-websocket-protocol']
  return header === undefined ? [] : header.split(',').map((one) => one.trim())
}

function tabOf(target: Target): string | null {
  // A page that opens a socket again from the last one's own URL names its tab twice.
  const [tab = '', ...more] = new Set(new URLSearchParams(target.query).getAll(tabParameter))
  return more.length === 0 && tabShape.test(tab) ? tab : null
}

function statusOf(error: unknown): number {
  if (error instanceof StoreError) return 503
  if (error instanceof UpstreamError) return error.code === 'ERR_UPSTREAM_TIMEOUT' ? 504 : 502
  return 500
}

const reasons: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  421: 'Misdirected Request',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
}

function deny(socket: Duplex, status: number): void {
  if (socket.destroyed) return
  // Three to seven seconds: who lost their sockets in the same moment must not come back in one.
  const retry = status === 503 ? `Retry-After: ${randomInt(3, 8)}\r\n` : ''
  const line = `HTTP/1.1 ${status} ${reasons[status] ?? 'Error'}\r\n`
  refuseUpgrade(
    socket,
    `${line}${retry}Cache-Control: no-store\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
  )
}
