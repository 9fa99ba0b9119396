/** Opens a WebSocket to the upstream and joins it to the client's socket. */
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { Duplex } from 'node:stream'
import { UpstreamError } from '../../core/errors.ts'
import type { PayloadTap } from './frames.ts'
import type { HeaderList } from './headers.ts'
import { type Relay, relay } from './relay.ts'

export interface UpgradeOptions {
  readonly upstream: URL
  readonly path: string
  readonly headers: HeaderList
  readonly client: Duplex
  /** Bytes the client sent behind its request. */
  readonly head: Buffer
  readonly timeout: number
  /** How long a connection may take, where that is less. */
  readonly connectTimeout?: number
  /** Called when there is a connection: from then on something may have been sent. */
  onReached?(): void
  onMessage(): void
  onEnd(): void
  readonly tap?: PayloadTap
}

/** What came of it: a joined pair, or the upstream's own refusal, already sent on to the client. */
export type Upgrade = { readonly relay: Relay } | { readonly refused: number }

// Frames ours: everything else of a 101 passes, but a cookie on it breaks at CDNs and must never be ours.
const notOn101 = new Set(['set-cookie', 'content-length', 'transfer-encoding', 'connection', 'upgrade'])

/** Rejects with `UpstreamError` if the upstream cannot be reached or does not answer in time. */
export function upgrade(options: UpgradeOptions): Promise<Upgrade> {
  const { upstream, client } = options
  if (hasLeft(client)) {
    client.destroy()
    return Promise.resolve({ refused: clientGone })
  }
  const send = upstream.protocol === 'https:' ? httpsRequest : httpRequest
  return new Promise((resolve, reject) => {
    const outgoing: ClientRequest = send({
      host: upstream.hostname.replace(/^\[|\]$/g, ''),
      port: upstream.port === '' ? undefined : Number(upstream.port),
      path: options.path,
      method: 'GET',
      headers: [...options.headers, 'connection', 'Upgrade', 'upgrade', 'websocket'],
      agent: false,
      timeout: options.connectTimeout ?? options.timeout,
      setDefaultHeaders: false,
    })
    const gone = (): void => {
      outgoing.destroy()
      client.destroy()
    }
    client.once('close', gone)
    client.once('end', gone)

    const { onReached } = options
    if (onReached !== undefined)
      outgoing.once('socket', (socket) =>
        socket.once(upstream.protocol === 'https:' ? 'secureConnect' : 'connect', () => {
          outgoing.setTimeout(options.timeout)
          onReached()
        }),
      )
    outgoing.on('upgrade', (answer, socket, rest) => {
      client.off('close', gone)
      client.off('end', gone)
      socket.setTimeout(0)
      client.write(head101(answer))
      const joined = relay({
        client,
        upstream: socket,
        onMessage: options.onMessage,
        onEnd: options.onEnd,
        ...(options.tap === undefined ? {} : { tap: options.tap }),
      })
      // What either side sent early goes through the same path as everything later.
      if (rest.length > 0) socket.emit('data', rest)
      if (options.head.length > 0) client.emit('data', options.head)
      resolve({ relay: joined })
    })

    outgoing.on('response', (answer) => {
      const status = answer.statusCode ?? 502
      answer.resume()
      refuseUpgrade(
        client,
        `HTTP/1.1 ${status} ${answer.statusMessage ?? ''}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
      )
      resolve({ refused: status })
    })
    outgoing.on('timeout', () =>
      outgoing.destroy(
        new UpstreamError('ERR_UPSTREAM_TIMEOUT', 'The app did not answer the WebSocket in time.'),
      ),
    )
    outgoing.on('error', (cause) => {
      client.off('close', gone)
      client.off('end', gone)
      if (cause instanceof UpstreamError) reject(cause)
      else
        reject(
          new UpstreamError('ERR_UPSTREAM_UNREACHABLE', `The app cannot be reached: ${cause.message}.`, {
            cause,
          }),
        )
    })
    outgoing.end()
  })
}

// Nobody hears it; nginx's number for it.
const clientGone = 499

/**
 * Whether a client went away before its socket was opened. Its 'end' or 'close' has been emitted by then, and whoever
 * began to listen only now would keep the app's side open for ever.
 */
export function hasLeft(client: Duplex): boolean {
  return client.destroyed || client.readableEnded
}

// The server no longer looks after a socket it handed over for an upgrade, and a client need not close its side.
const lingering = 1_000

/** Says no and ends the connection, whether or not the client ends its side. */
export function refuseUpgrade(client: Duplex, answer: string): void {
  client.end(answer, 'latin1')
  // What is left unread would make the system reset the connection, and the answer be lost.
  client.resume()
  setTimeout(() => client.destroy(), lingering).unref()
}

function head101(answer: IncomingMessage): string {
  const lines = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade']
  for (let i = 0; i < answer.rawHeaders.length; i += 2) {
    const name = answer.rawHeaders[i] ?? ''
    if (!notOn101.has(name.toLowerCase())) lines.push(`${name}: ${answer.rawHeaders[i + 1] ?? ''}`)
  }
  return `${lines.join('\r\n')}\r\n\r\n`
}
