/**
 * Where the app reaches the state of its sessions: a listener of its own, never the one that browsers reach. Whoever
 * connects must know the key that the app was started with; what it may touch is decided by the session it names.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { equal, toUtf8 } from '../../core/crypto.ts'
import { listenFault } from '../port.ts'
import { sendFault } from './state-answer.ts'

export interface StateListenerOptions {
  readonly listen: { readonly host: string; readonly port: number }
  /** Shared with the app, and with nobody else. */
  readonly key: string
  /** Answers a request that knew the key. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>
}

export interface StateListener {
  readonly host: string
  readonly port: number
  close(): Promise<void>
}

const mostConnections = 512
const headersPatience = 5_000
const requestPatience = 30_000
const idlePatience = 75_000

/** Starts to listen. Rejects with `ConfigError` (`ERR_LISTEN`) if the address cannot be had. */
export async function startStateListener(options: StateListenerOptions): Promise<StateListener> {
  const { listen, handle } = options
  const wanted = toUtf8(`Bearer ${options.key}`)
  const server = createServer({
    headersTimeout: headersPatience,
    requestTimeout: requestPatience,
    connectionsCheckingInterval: 2_000,
    keepAliveTimeout: idlePatience,
    noDelay: true,
  })
  server.maxConnections = mostConnections
  server.on('request', (request, response) => {
    if (!isFromApp(request, wanted)) return sendFault(response, 401, unknownCaller)
    handle(request, response).catch(() => response.destroy())
  })
  await bind(server, listen)
  const { port } = server.address() as AddressInfo
  return {
    host: listen.host,
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

const unknownCaller = {
  code: 'ERR_STATE_UNAUTHORIZED',
  detail:
    'This is where an app reaches its state. It needs the key that the app was started with: HOLDFAST_STATE_KEY, as ' +
    '`holdfast run` sets it and `holdfast env` prints it.',
}

/**
 * Whether the app asks, and not a page: a page of a rebound name knows no key, and one that had learnt it from an app's
 * mistake would still send `Origin` or `Sec-Fetch-Site`, which no page can leave out of a POST.
 */
function isFromApp({ headers }: IncomingMessage, wanted: Uint8Array): boolean {
  if (headers.origin !== undefined || headers['sec-fetch-site'] !== undefined) return false
  return equal(toUtf8(headers.authorization ?? ''), wanted)
}

function bind(server: Server, { host, port }: StateListenerOptions['listen']): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(listenFault(error, host, port, '--state-listen')),
    )
    server.listen(port, host, () => {
      server.removeAllListeners('error')
      resolve()
    })
  })
}
