/** Keeps a `node:http` response back until what it depends on is done: its headers, and whatever follows them. */
import type { ServerResponse } from 'node:http'
import { uncached } from './answer.ts'
import type { Answer, Outgoing } from './incoming.ts'
import { giveFields, headSent, type ResponseHead, readHead } from './response-head.ts'

export interface HeldResponseOptions {
  /** Called once, when the response would begin; its headers are sent when the promise settles. */
  settle(status: number): Promise<Outgoing>
  /**
   * Told why `settle` rejected, what it says is the handler's fault, or what Node threw for what was held. The response is
   * free then, and nothing of it was sent. Where something was, the connection is broken instead.
   */
  onError(error: unknown): void
}

type Call = () => unknown

/** What must not be done to a response that has begun: headers of its own would come with another's body. */
const changers = ['setHeader', 'setHeaders', 'appendHeader', 'removeHeader'] as const

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
  let isRefused = false
  let isEnded = false
  /** The status that the response began with. */
  let begun: number | null = null
  /** What the browser must be told, whoever writes the head. */
  let told: readonly string[] = []
  let takeBack = (): void => {}

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
      if (isWaiting()) throw headSent(/^[a-z]+/.exec(name)?.[0] ?? '')
      return Reflect.apply(change, response, args) as never
    } as never
  }

  function begin(status: number): Call[] {
    const waiting: Call[] = []
    calls = waiting
    begun = status
    // What is thrown here nobody hears: it would end the process.
    settle(status).then(release).catch(fail).catch(destroy)
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

  function release({ cookies, answer, fault }: Outgoing): void {
    const waiting = open()
    if (response.destroyed) return
    if (answer !== null) {
      isReplaced = true
      sendAnswer(response, answer)
      return
    }
    told = cookies
    if (fault !== undefined) throw fault
    addCookies(response, told)
    response.statusCode = begun ?? response.statusCode
    for (const call of waiting) call()
    if (!response.writableEnded) response.emit('drain')
  }

  function fail(error: unknown): void {
    open()
    if (isSent.call(response)) return destroy(error)
    isReplaced = false
    isRefused = true
    takeBack()
    addCookies(response, told)
    onError(error)
  }

  function destroy(error: unknown): void {
    response.destroy(error instanceof Error ? error : undefined)
  }

  /** Headers are set at once, so that what Node refuses is thrown where the handler hears it, and ours come on top. */
  function take(args: readonly unknown[]): ResponseHead {
    const head = readHead(args)
    takeBack = giveFields(response, head)
    return head
  }

  function send({ status, message }: ResponseHead): ServerResponse {
    return Reflect.apply(writeHead, response, message === null ? [status] : [status, message])
  }

  response.writeHead = function heldWriteHead(this: ServerResponse, ...args: unknown[]): ServerResponse {
    if (isFree) {
      if (told.length === 0 || isSent.call(response)) return Reflect.apply(writeHead, response, args)
      const head = take(args)
      addCookies(response, told)
      return send(head)
    }
    if (begun !== null) {
      // A wrapper that looks for Node's own mark of sent headers says so with each piece that it writes.
      if (args.length === 1 && args[0] === begun) return response
      throw headSent('write')
    }
    const head = take(args)
    response.statusCode = head.status
    later(head.status, () => send(head))
    return response
  } as typeof writeHead

  response.write = function heldWrite(...args: unknown[]): boolean {
    // Nothing comes after the end: replayed, it would be an error that nobody hears, and end the process.
    if (isReplaced || (isEnded && !isFree) || (isRefused && response.writableEnded)) return true
    if (isFree) return Reflect.apply(write, response, args) as boolean
    later(response.statusCode, () => Reflect.apply(write, response, args))
    return false
  } as typeof write

  response.end = function heldEnd(...args: unknown[]): ServerResponse {
    if (isFree && !((isReplaced || isRefused) && response.writableEnded)) {
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

/** Adds those that are not there yet. */
function addCookies(response: ServerResponse, cookies: readonly string[]): void {
  if (cookies.length === 0) return
  const there = [response.getHeader('set-cookie') ?? []].flat().map(String)
  // SECURITY: a new list. The one there may be the app's own, which it sends to everybody: added to, it would hand out the
  // session.
  response.setHeader('set-cookie', [...new Set([...there, ...cookies])])
  response.setHeader('cache-control', uncached(String(response.getHeader('cache-control') ?? '')))
}
