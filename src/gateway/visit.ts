/** One request on its way through the gateway. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Session } from '../core/session.ts'
import type { Page } from '../pages/page-response.ts'
import type { CookieReading } from './cookie-memory.ts'
import type { Target } from './target.ts'

export interface Visit {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly target: Target
  /** The path after the base path; starts with `/`. */
  readonly local: string
  readonly address: string
  /** Finds the request in the logs; tells nothing else. */
  readonly id: string
  /** Its cookies, read; `null` where it has none. */
  readonly cookies: CookieReading | null
  readonly presented: Presented
}

/** What the request's cookie says. */
export interface Presented {
  /** The session; `null` if there is none. */
  readonly session: Session | null
  /** The credential that was sent, whether or not it names a session. */
  readonly credential: string | null
  /** The credential the browser should hold from now on, where it is another. */
  readonly replacement: string | null
}

/** Writes a page of ours. */
export function sendPage(response: ServerResponse, page: Page, setCookie: readonly string[] = []): void {
  if (response.headersSent || response.destroyed) return
  response.writeHead(page.status, {
    ...page.headers,
    'content-length': Buffer.byteLength(page.body),
    ...(setCookie.length === 0 ? {} : { 'set-cookie': [...setCookie] }),
  })
  response.end(response.req.method === 'HEAD' ? undefined : page.body)
}

/** Sends the browser on with 303, so that a POST is never repeated at the new place. */
export function sendOn(
  response: ServerResponse,
  location: string,
  headers: Readonly<Record<string, string | string[]>> = {},
): void {
  response.writeHead(303, {
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    ...headers,
    location,
    'content-length': 0,
  })
  response.end()
}

// A browser sends a form at once; whoever needs longer holds a connection.
const formPatience = 10_000

/** The body of a form of ours as text; `null` if it is larger than `most` bytes, or was cut off, as slow ones are. */
export function readBody(
  request: IncomingMessage,
  most: number,
  patience: number = formPatience,
): Promise<string | null> {
  return new Promise((resolve) => {
    const slow = setTimeout(() => request.destroy(), patience)
    request.once('close', () => clearTimeout(slow))
    const pieces: Buffer[] = []
    let size = 0
    request.on('data', (piece: Buffer) => {
      size += piece.length
      if (size > most) resolve(null)
      else pieces.push(piece)
    })
    request.on('end', () => resolve(size > most ? null : Buffer.concat(pieces).toString('utf8')))
    request.on('close', () => resolve(null))
    request.on('error', () => resolve(null))
  })
}

const uploadPatience = 30_000

/** Ends a connection on which a body stands still, unless it is the app that does not read on. */
export function endIdleBody(request: IncomingMessage, patience: number = uploadPatience): void {
  const { socket } = request
  socket.setTimeout(patience)
  request.on('timeout', () => {
    if (request.isPaused() || request.readableLength > 0) socket.setTimeout(patience)
    else socket.destroy()
  })
  // Answered early, the connection may wait for its next request by now, under a limit of Node's.
  request.once('end', () => socket.timeout === patience && socket.setTimeout(0))
}

/** Whether the browser asks for a document to show: what may be answered with a redirect to sign-in. */
export function isNavigation(request: IncomingMessage): boolean {
  const mode = request.headers['sec-fetch-mode']
  if (mode !== undefined) return mode === 'navigate'
  // Plain http beyond loopback, and older browsers, say nothing.
  const accepts = request.headers.accept ?? ''
  return (request.method === 'GET' || request.method === 'HEAD') && accepts.includes('text/html')
}

/** Whether the request is a person's doing: not a static file a page loads, not something it polls. */
export function isActivity(request: IncomingMessage, polled: boolean): boolean {
  if (polled) return false
  const destination = request.headers['sec-fetch-dest']
  return destination === undefined || destination === 'empty' || isNavigation(request)
}
