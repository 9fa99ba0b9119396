/** The HTTP server in front of an app: listens, hands on, and stops without dropping anybody. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { serviceRestartCode } from '../core/protocol.ts'
import { connectionsOf } from './connections.ts'
import type { GatewayParts } from './parts.ts'
import { listenFault } from './port.ts'
import { refuseUpgrade } from './proxy/upgrade.ts'
import { requestHandler } from './requests.ts'
import { eventsEndpoint } from './routes/events.ts'
import { upgradeHandler } from './upgrades.ts'

export interface Gateway {
  /** What it works with, for what is started beside it. */
  readonly parts: GatewayParts
  readonly address: { readonly host: string; readonly port: number }
  /**
   * Stops taking connections, lets requests under way finish for up to `grace` milliseconds, and tells open WebSockets
   * to come back (1012).
   */
  close(grace?: number): Promise<void>
}

// A signed-in browser's cookies, Streamlit's own included, pass 16 KiB at times (streamlit #14290).
const longestHeaders = 65_536
const headersPatience = 10_000
const idlePatience = 75_000

/** Starts to listen. Rejects with `ConfigError` (`ERR_LISTEN`) if the address cannot be had. */
export async function startGateway(
  parts: GatewayParts,
  listen: { host: string; port: number },
): Promise<Gateway> {
  const events = eventsEndpoint(parts.sockets, parts.now)
  const upgrades = upgradeHandler(parts, events)
  const server = createServer({
    maxHeaderSize: longestHeaders,
    headersTimeout: headersPatience,
    // Node looks at that only every half minute otherwise.
    connectionsCheckingInterval: 2_000,
    // Node would answer by itself, and then read on: what comes behind may be smuggled. We refuse it and read nothing more.
    requireHostHeader: false,
    // Uploads may take hours; what stands still is closed by the idle limit.
    requestTimeout: 0,
    keepAliveTimeout: idlePatience,
    noDelay: true,
  })
  server.maxHeadersCount = 200
  const connections = connectionsOf(server)
  server.on('request', requestHandler(parts))
  server.on('upgrade', upgrades.handle)
  server.on('connect', (_request, socket: Socket) => socket.destroy())
  server.on('clientError', refuseBroken)
  await bind(server, listen)

  const { address, port } = server.address() as AddressInfo
  return {
    parts,
    address: { host: address, port },
    async close(grace = 10_000) {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      upgrades.close(serviceRestartCode, 'restart')
      events.close(serviceRestartCode)
      connections.drain()
      const cut = setTimeout(() => server.closeAllConnections(), grace)
      await closed
      clearTimeout(cut)
      parts.sockets.close()
      await parts.upstream.close()
    },
  }
}

const brokenStatus: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
}

function refuseBroken(error: Error & { code?: string }, socket: Duplex): void {
  if (socket.destroyed || !socket.writable) return
  const status = brokenStatus[error.code ?? ''] ?? '400 Bad Request'
  // Not only ended: a client that keeps its own side open would hold the connection for ever.
  refuseUpgrade(socket, `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}

// As many as Linux allows unless it is told otherwise. Node asks for 511, and who comes back on top of those after a restart
// waits for the system to try again: up to a minute.
const backlog = 4096

function bind(server: Server, { host, port }: { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenFault(error, host, port)))
    server.listen({ port, host, backlog }, () => {
      server.removeAllListeners('error')
      resolve()
    })
  })
}
