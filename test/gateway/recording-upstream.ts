/** An app that answers, and remembers the exact bytes of everything that reached it. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'

/** A request as Node read it. */
export interface SeenRequest {
  readonly method: string
  readonly url: string
  readonly rawHeaders: readonly string[]
  /** All values of one header, in order. */
  values(name: string): string[]
  body: string
  /** Whether it came to its end. */
  complete: boolean
}

export interface RecordingUpstream {
  readonly url: URL
  readonly port: number
  readonly requests: SeenRequest[]
  /** WebSocket upgrades that arrived. */
  readonly upgrades: SeenRequest[]
  /** What came over each connection, in the order they were opened. */
  readonly connections: Buffer[][]
  readonly openSockets: number
  forget(): void
  close(): Promise<void>
}

export interface RecordingUpstreamOptions {
  /** Answers a request; by default 200 with a short text, after the body was read. */
  app?(request: IncomingMessage, response: ServerResponse): void
  /** Answers an upgrade; by default 101 and an echo of every byte. */
  onUpgrade?(request: IncomingMessage, socket: Duplex, head: Buffer): void
  /** Where it listens, where a free port will not do. */
  readonly port?: number
  /** Whether bodies are kept. @default true */
  readonly keepBodies?: boolean
}

export async function recordingUpstream(options: RecordingUpstreamOptions = {}): Promise<RecordingUpstream> {
  const requests: SeenRequest[] = []
  const upgrades: SeenRequest[] = []
  const connections: Buffer[][] = []
  const sockets = new Set<Socket>()
  const server = createServer({ keepAliveTimeout: 60_000, maxHeaderSize: 262_144 })
  server.maxHeadersCount = 0

  server.on('connection', (socket: Socket) => {
    const bytes: Buffer[] = []
    connections.push(bytes)
    sockets.add(socket)
    if (options.keepBodies !== false) socket.on('data', (piece: Buffer) => bytes.push(piece))
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => {})
  })
  server.on('request', (request, response) => {
    const one = seen(request)
    requests.push(one)
    request.on('end', () => {
      one.complete = true
    })
    if (options.keepBodies !== false) {
      request.on('data', (piece: Buffer) => {
        one.body += piece.toString('latin1')
      })
    }
    if (options.app !== undefined) options.app(request, response)
    else {
      request.resume()
      request.on('end', () => response.end(`${request.method} ${request.url}`))
    }
  })
  server.on('upgrade', (request, socket, head) => {
    upgrades.push(seen(request))
    socket.on('error', () => socket.destroy())
    if (options.onUpgrade !== undefined) options.onUpgrade(request, socket, head)
    else {
      acceptUpgrade(socket)
      if (head.length > 0) socket.write(head)
      socket.pipe(socket)
    }
  })
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo

  return {
    url: new URL(`http://127.0.0.1:${port}`),
    port,
    requests,
    upgrades,
    connections,
    get openSockets() {
      return sockets.size
    },
    forget() {
      requests.length = 0
      upgrades.length = 0
      for (const bytes of connections) bytes.length = 0
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}

/** Says 101 as any WebSocket server does; the key's hash is of no interest to a gateway. */
export function acceptUpgrade(socket: Duplex, more: readonly string[] = []): void {
  const lines = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade', ...more]
  socket.write(`${lines.join('\r\n')}\r\n\r\n`)
}

function seen({ method = '', url = '', rawHeaders }: IncomingMessage): SeenRequest {
  return {
    method,
    url,
    rawHeaders,
    values: (name) => rawHeaders.filter((_, i) => i % 2 === 1 && rawHeaders[i - 1]?.toLowerCase() === name),
    body: '',
    complete: false,
  }
}
