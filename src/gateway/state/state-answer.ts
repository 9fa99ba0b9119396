/** What the state API answers: JSON, and problem+json (RFC 9457) with a code for what went wrong. */
import type { ServerResponse } from 'node:http'

/** What went wrong; anything more is what a program needs to put it right. */
export interface Fault {
  /** Stable; programs go by it. */
  readonly code: string
  /** What failed, and what to do. */
  readonly detail: string
  readonly [name: string]: unknown
}

/** Sends a JSON text. */
export function sendJson(response: ServerResponse, text: string): void {
  send(response, 200, 'application/json', text)
}

/** Sends a fault. 503 says when to come again. */
export function sendFault(response: ServerResponse, status: number, fault: Fault): void {
  if (status === 503) response.setHeader('retry-after', '1')
  // What is left of a body that nobody wants must not be read as the next request.
  if (!response.req.complete) response.shouldKeepAlive = false
  send(response, status, 'application/problem+json', JSON.stringify({ status, ...fault }))
}

function send(response: ServerResponse, status: number, type: string, text: string): void {
  if (response.headersSent || response.destroyed) return
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
  })
  response.end(text)
}
