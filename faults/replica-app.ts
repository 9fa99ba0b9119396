/** The app behind each replica: says whom the gateway let in, and keeps state for them. */
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { SessionManager } from '../src/core/manager.ts'
import type { ScopedState, StateOutcome } from '../src/core/state.ts'

export async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const piece of request.setEncoding('utf8')) text += piece as string
  return text
}

export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  if (response.destroyed) return
  response.writeHead(status, {
    'content-type': 'application/json',
    'cache-control': 'no-store',
    'from-app': 'yes',
  })
  response.end(JSON.stringify(value))
}

interface Asked {
  readonly key: string
  readonly value: string
}

type Answer = readonly [status: number, body: object]

/** What an outcome of a write is as a status: 409 and 410 say that nothing was written. */
function writeAnswer(outcome: StateOutcome, key: string, value: string): Answer {
  if (outcome.outcome === 'written') return [200, { version: outcome.versions.get(key), value }]
  return [outcome.outcome === 'gone' ? 410 : 409, { outcome: outcome.outcome }]
}

/** Reads, adds one, and writes on condition that nobody else did. */
async function count(state: ScopedState, key: string): Promise<Answer> {
  const found = (await state.entries([key])).get(key)
  const value = String(Number(found?.value ?? 0) + 1)
  return writeAnswer(await state.write([{ key, value, ifVersion: found?.version ?? null }]), key, value)
}

async function onState(state: ScopedState, path: string, { key, value }: Asked): Promise<Answer> {
  if (path.endsWith('/write')) return writeAnswer(await state.write([{ key, value }]), key, value)
  if (path.endsWith('/count')) return count(state, key)
  const all = await state.entries()
  const entries = Object.fromEntries([...all].map(([name, item]) => [name, String(item.value)]))
  return [200, { entries, version: all.get(key)?.version ?? 0, value: entries[key] ?? null }]
}

async function answer(sessions: SessionManager | null, request: IncomingMessage): Promise<Answer> {
  const user = request.headers['x-forwarded-user'] ?? null
  const capability = request.headers['holdfast-session']
  const opened = typeof capability === 'string' ? (sessions?.state.of(capability) ?? null) : null
  const who = { user, sid: opened?.sid ?? null }
  const body = await bodyOf(request)
  if (body === '') return [200, who]
  if (opened === null) return [412, who]
  const [status, told] = await onState(opened.session, request.url ?? '', JSON.parse(body) as Asked)
  return [status, { ...who, ...told }]
}

/** Starts the app; resolves to where. */
export async function appServer(sessions: () => SessionManager | null): Promise<URL> {
  const server = createServer((request, response) => {
    answer(sessions(), request).then(
      ([status, body]) => sendJson(response, status, body),
      (error: { code?: string }) =>
        sendJson(response, error.code?.startsWith('ERR_STORE') ? 503 : 500, { code: error.code }),
    )
  })
  server.on('upgrade', (request, socket) => {
    const key = request.headers['sec-websocket-key'] ?? ''
    const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
    socket.on('error', () => socket.destroy())
    socket.on('data', () => {})
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
}
