/** The admin page's own HTTP server: nothing of it is reachable where the app is. */
import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { StoreError } from '../../core/errors.ts'
import { holdfastPath } from '../../core/protocol.ts'
import { rolesOf } from '../../core/session.ts'
import { ownPath } from '../../pages/own-path.ts'
import { connectionsOf } from '../connections.ts'
import { cookieMemory } from '../cookie-memory.ts'
import { listenFault } from '../port.ts'
import { presented } from '../presented.ts'
import { sendProblem } from '../problems.ts'
import { isWellFramed, localPath } from '../requests.ts'
import { isSigningInOrOut, ownRoute } from '../routes/own.ts'
import { requestTarget, type Target } from '../target.ts'
import { isNavigation, type Presented, sendOn, type Visit } from '../visit.ts'
import type { AdminParts } from './admin-parts.ts'
import { adminRoute } from './admin-routes.ts'

export interface AdminListener {
  readonly address: { readonly host: string; readonly port: number }
  close(): Promise<void>
}

const methods = ['GET', 'HEAD', 'POST']
const closePatience = 2_000

/** Starts to listen. Rejects with `ConfigError` (`ERR_LISTEN`) if the address cannot be had. */
export async function startAdminListener(
  admin: AdminParts,
  listen: { readonly host: string; readonly port: number },
): Promise<AdminListener> {
  const server = createServer({
    // A form, a session's cookie and little more.
    maxHeaderSize: 32_768,
    headersTimeout: 10_000,
    requestTimeout: 30_000,
    connectionsCheckingInterval: 2_000,
    requireHostHeader: false,
    keepAliveTimeout: 15_000,
  })
  server.maxHeadersCount = 200
  const connections = connectionsOf(server)
  server.on('request', adminHandler(admin))
  // There is nothing to upgrade to, and nothing to tunnel.
  server.on('upgrade', (_request, socket: Socket) => socket.destroy())
  server.on('connect', (_request, socket: Socket) => socket.destroy())
  await new Promise<void>((resolve, reject) => {
    const { host, port } = listen
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(listenFault(error, host, port, '--admin-listen')),
    )
    server.listen(port, host, () => resolve())
  })
  server.removeAllListeners('error')
  const { address, port } = server.address() as AddressInfo
  return {
    address: { host: address, port },
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      connections.drain()
      const cut = setTimeout(() => server.closeAllConnections(), closePatience)
      await closed
      clearTimeout(cut)
    },
  }
}

type Bare = Pick<Visit, 'request' | 'response' | 'id'> & { readonly target?: Target }

/** A handler for `http.Server`'s `request` event. */
function adminHandler(admin: AdminParts): (request: IncomingMessage, response: ServerResponse) => void {
  const { parts } = admin
  const word = randomBytes(6).toString('base64url')
  let count = 0
  const read = cookieMemory(parts.cookie, () => false)

  return (request, response) => {
    const id = `${word}-${count++}`
    const target = requestTarget(request.url ?? '')
    if (target === null || !isWellFramed(request)) {
      response.shouldKeepAlive = false
      return sendProblem(parts, { request, response, id }, 'bad-request')
    }
    const bare = { request, response, id, target }
    if (!isForUs(admin, bare)) return
    const local = localPath(parts.site.base, target.path)
    if (local === null) return sendProblem(parts, bare, 'not-found')
    const forwardedFor = request.headers['x-forwarded-for']
    const address = parts.clientAddress(
      request.socket.remoteAddress,
      typeof forwardedFor === 'string' ? forwardedFor : forwardedFor?.join(', '),
    )
    const answer = async (): Promise<void> => {
      const cookies = read(request)
      const who = await presented(parts, cookies)
      await serve(admin, { ...bare, local, address, cookies, presented: who })
    }
    answer().catch((error: unknown) => fail(admin, bare, error))
  }
}

function isForUs({ parts }: AdminParts, bare: Bare & { readonly target: Target }): boolean {
  const { request, response, target } = bare
  if (!methods.includes(request.method ?? '')) {
    sendProblem(parts, bare, 'method-not-allowed', { headers: { allow: methods.join(', ') } })
    return false
  }
  // SECURITY: a name of somebody else's that leads here (DNS rebinding) would make their page one of this origin.
  const verdict = parts.site.judgeHost(request.headers.host)
  if (verdict === 'ours') return true
  if (verdict === 'alias' && isNavigation(request))
    sendOn(response, `${parts.site.origin}${target.path}${target.query}`)
  else sendProblem(parts, bare, 'unknown-host')
  return false
}

async function serve(admin: AdminParts, visit: Visit): Promise<void> {
  const { parts, roles } = admin
  const { local, presented: who } = visit
  if (local.startsWith(holdfastPath)) {
    const name = local.slice(holdfastPath.length)
    // No script, no state, no account page: those are the app's.
    return isSigningInOrOut(name) ? ownRoute(parts, visit, name) : sendProblem(parts, visit, 'not-found')
  }
  const { session } = who
  if (session === null || session.identity === null) return toSignIn(admin, visit, who)
  const mine = { ...session, identity: session.identity }
  if (!rolesOf(mine.identity).some((role) => roles.includes(role))) {
    parts.log.write('warn', 'admin_refused', { user: mine.identity.userId, address: visit.address })
    return sendProblem(parts, visit, 'forbidden')
  }
  parts.sessions.touch(session)
  await adminRoute(admin, visit, mine)
}

function toSignIn({ parts }: AdminParts, visit: Visit, who: Presented): void {
  const { target, request, response } = visit
  if (!isNavigation(request)) return sendProblem(parts, visit, 'sign-in-required')
  const wanted = encodeURIComponent(target.path + target.query)
  const reason = who.credential === null ? '' : '&reason=expired'
  sendOn(response, `${ownPath(parts.site.base, 'sign-in')}?return_to=${wanted}${reason}`)
}

function fail({ parts }: AdminParts, bare: Bare, error: unknown): void {
  if (error instanceof StoreError) {
    parts.onEvent({ event: 'store_failed', code: error.code, during: 'admin' })
    return sendProblem(parts, bare, 'unavailable')
  }
  const reason = error instanceof Error ? (error.stack ?? error.message) : 'unknown'
  parts.log.write('error', 'request_failed', { id: bare.id, reason })
  sendProblem(parts, bare, 'internal')
}
