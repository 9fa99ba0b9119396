/** Keeps a `node:http` response back until what it depends on is done: its headers, and whatever follows them. */
import type { ServerResponse } from 'node:http'
import { uncached } from './answer.ts'
import type { Answer, Outgoing } from './incoming.ts'

export interface HeldResponseOptions {
  /** Called once, when the response would begin; its headers are sent when the promise settles. */
  settle(status: number): Promise<Outgoing>
  /** Told why `settle` rejected. The response is free then, and nothing of it was sent. */
  onError(error: unknown): void
}

type Call = () => unknown

/** What must not be done to a response that has begun: headers of its own would come with another's body. */
const changers = ['setHeader', 'setHeaders', 'appendHeader', 'removeHeader'] as const

/** Node's own error for it. */
function refused(name: string): Error {
  const verb = /^[a-z]+/.exec(name)?.[0]
  const error = new Error(`Cannot ${verb} headers after they are sent to the client`)
  return Object.assign(error, { code: 'ERR_HTTP_HEADERS_SENT' })
}

/**
 * Holds the response. Bodies that are written meanwhile wait in order, and the writer is told that it is full, so that a
 * stream stops. Once settled, every call goes straight through.
 */
export function holdResponse(response: ServerResponse, { settle, onError }: HeldResponseOptions): void {
  // Those that are there now, be they Node's or another's who wraps the response too.
  const { writeHead, write, end, flushHeaders } = response
  let calls: Call[] | null = null
  let isFree = false
  let isReplaced = false
  let isEnded = false
  let hasHead = false

  const isWaiting = (): boolean => calls !== null

  // Put there once and never taken away: an object that loses a property is slow for the rest of its life.
  // Node's own is on the prototype; an own one is of another who wraps the response.
  const own = Object.getOwnPropertyDescriptor(response, 'headersSent')
  const prototype: object = Object.getPrototypeOf(response)
  const isSent = own?.get ?? ((): boolean => Reflect.get(prototype, 'headersSent', response))
  Object.defineProperty(response, 'headersSent', {
    configurable: true,
    // To the handler the response has begun: what it does to it now would come too late without us as well.
    get: () => isWaiting() || isSent.call(response),
  })
  for (const name of changers) {
    // Node's, or another's who wraps the response too.
    const change = response[name] as (...args: unknown[]) => unknown
    response[name] = function heldChange(...args: unknown[]): never {
      if (isWaiting()) throw refused(name)
      return Reflect.apply(change, response, args) as never
    } as never
  }

  function begin(status: number): Call[] {
    const waiting: Call[] = []
    calls = waiting
    settle(status).then(release, fail)
    return waiting
  }

  function later(status: number, call: Call): void {
    const waiting = calls ?? begin(status)
    waiting.push(call)
  }

  function open(): readonly Call[] {
    const waiting = calls ?? []
    calls = null
    isFree = true
    return waiting
  }

  function release({ cookies, answer }: Outgoing): void {
    const waiting = open()
    if (response.destroyed) return
    if (answer !== null) {
      isReplaced = true
      sendAnswer(response, answer)
      return
    }
    addCookies(response, cookies)
    for (const call of waiting) call()
    if (!response.writableEnded) response.emit('drain')
  }

  function fail(error: unknown): void {
    open()
    onError(error)
  }

  response.writeHead = function heldWriteHead(this: ServerResponse, ...args: unknown[]): ServerResponse {
    if (isFree) return Reflect.apply(writeHead, response, args) as ServerResponse
    // A wrapper that looks for Node's own mark of sent headers says so with each piece that it writes.
    if (!hasHead) later(Number(args[0]), () => Reflect.apply(writeHead, response, args))
    hasHead = true
    return response
  } as typeof writeHead

  response.write = function heldWrite(...args: unknown[]): boolean {
    // Nothing comes after the end: replayed, it would be an error that nobody hears, and end the process.
    if (isReplaced || (isEnded && !isFree)) return true
    if (isFree) return Reflect.apply(write, response, args) as boolean
    later(response.statusCode, () => Reflect.apply(write, response, args))
    return false
  } as typeof write

  response.end = function heldEnd(...args: unknown[]): ServerResponse {
    if (isFree && !(isReplaced && response.writableEnded)) {
      return Reflect.apply(end, response, args) as ServerResponse
    }
    if (isFree || isEnded) return response
    isEnded = true
    later(response.statusCode, () => Reflect.apply(end, response, args))
    return response
  } as typeof end

  response.flushHeaders = function heldFlushHeaders(): void {
    if (isFree) Reflect.apply(flushHeaders, response, [])
    else later(response.statusCode, () => Reflect.apply(flushHeaders, response, []))
  }
}

/** Sends an answer of the library's own in place of whatever was meant to be sent. */
export function sendAnswer(response: ServerResponse, { status, headers, body }: Answer): void {
  for (const name of response.getHeaderNames()) response.removeHeader(name)
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) })
  response.end(response.req.method === 'HEAD' ? undefined : body)
}

function addCookies(response: ServerResponse, cookies: readonly string[]): void {
  if (cookies.length === 0) return
  for (const line of cookies) response.appendHeader('set-cookie', line)
  response.setHeader('cache-control', uncached(String(response.getHeader('cache-control') ?? '')))
}
