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

/**
 * Holds the response. Bodies that are written meanwhile wait in order, and the writer is told that it is full, so that a
 * stream stops. Once settled, every call goes straight through.
 */
export function holdResponse(response: ServerResponse, options: HeldResponseOptions): void {
  const marked = response as ServerResponse & Marked
  const held = new HeldResponse(response, options)
  if (marked[mark] === undefined) {
    // Put there once and never taken away: an object that loses a property is slow for the rest of its life.
    marked[mark] = held
    Object.assign(response, methods)
    Object.defineProperty(response, 'headersSent', headersSent)
    return
  }
  // Held twice, as by two apps one behind the other: the mark is the first one's.
  const own: Marked = { [mark]: held }
  for (const [name, method] of Object.entries(methods))
    Object.assign(response, { [name]: (...args: unknown[]) => Reflect.apply(method, own, args) })
  Object.defineProperty(response, 'headersSent', {
    configurable: true,
    get: () => Reflect.apply(headersSent.get, own, []),
  })
}

type Call = () => unknown

/** What must not be done to a response that has begun: headers of its own would come with another's body. */
type Changer = 'setHeader' | 'setHeaders' | 'appendHeader' | 'removeHeader'

const mark = Symbol('held')

interface Marked {
  [mark]?: HeldResponse
}

/** What a response does once it is held. */
class HeldResponse {
  readonly #response: ServerResponse
  readonly #options: HeldResponseOptions
  /** The methods as they were, be they Node's or another's who wraps the response too. */
  readonly #own: Pick<ServerResponse, 'writeHead' | 'write' | 'end' | 'flushHeaders' | Changer>
  readonly #ownHeadersSent: (() => unknown) | undefined
  #calls: Call[] | null = null
  #isFree = false
  #isReplaced = false
  #isRefused = false
  #isEnded = false
  /** The status that the response began with. */
  #begun: number | null = null
  /** What the browser must be told, whoever writes the head. */
  #told: readonly string[] = []
  #takeBack: (() => void) | null = null

  constructor(response: ServerResponse, options: HeldResponseOptions) {
    this.#response = response
    this.#options = options
    const { writeHead, write, end, flushHeaders } = response
    const { setHeader, setHeaders, appendHeader, removeHeader } = response
    this.#own = { writeHead, write, end, flushHeaders, setHeader, setHeaders, appendHeader, removeHeader }
    // Node's own is on the prototype; an own one is of another who wraps the response.
    this.#ownHeadersSent = Object.getOwnPropertyDescriptor(response, 'headersSent')?.get
  }

  /** To the handler the response has begun: what it does to it now would come too late without us as well. */
  get headersSent(): boolean {
    return this.#isWaiting || this.#isSent
  }

  change(name: Changer, args: readonly unknown[]): unknown {
    if (this.#isWaiting) throw headSent(/^[a-z]+/.exec(name)?.[0] ?? '')
    return Reflect.apply(this.#own[name], this.#response, args)
  }

  writeHead(args: readonly unknown[]): ServerResponse {
    if (this.#isFree) {
      if (this.#told.length === 0 || this.#isSent)
        return Reflect.apply(this.#own.writeHead, this.#response, args)
      const head = this.#take(args)
      addCookies(this.#response, this.#told)
      return this.#send(head)
    }
    if (this.#begun !== null) {
      // A wrapper that looks for Node's own mark of sent headers says so with each piece that it writes.
      if (args.length === 1 && args[0] === this.#begun) return this.#response
      throw headSent('write')
    }
    const head = this.#take(args)
    this.#response.statusCode = head.status
    this.#later(head.status, () => this.#send(head))
    return this.#response
  }

  write(args: readonly unknown[]): boolean {
    // Nothing comes after the end: replayed, it would be an error that nobody hears, and end the process.
    if (this.#isReplaced || (this.#isEnded && !this.#isFree) || (this.#isRefused && this.#hasEnded))
      return true
    if (this.#isFree) return Reflect.apply(this.#own.write, this.#response, args) as boolean
    this.#later(this.#response.statusCode, () => Reflect.apply(this.#own.write, this.#response, args))
    return false
  }

  end(args: readonly unknown[]): ServerResponse {
    if (this.#isFree && !((this.#isReplaced || this.#isRefused) && this.#hasEnded))
      return Reflect.apply(this.#own.end, this.#response, args) as ServerResponse
    if (this.#isFree || this.#isEnded) return this.#response
    this.#isEnded = true
    this.#later(this.#response.statusCode, () => Reflect.apply(this.#own.end, this.#response, args))
    return this.#response
  }

  flushHeaders(): void {
    const flush = (): unknown => Reflect.apply(this.#own.flushHeaders, this.#response, [])
    if (this.#isFree) flush()
    else this.#later(this.#response.statusCode, flush)
  }

  get #isWaiting(): boolean {
    return this.#calls !== null
  }

  get #isSent(): boolean {
    if (this.#ownHeadersSent !== undefined)
      return Reflect.apply(this.#ownHeadersSent, this.#response, []) as boolean
    return Reflect.get(Object.getPrototypeOf(this.#response), 'headersSent', this.#response)
  }

  get #hasEnded(): boolean {
    return this.#response.writableEnded
  }

  #later(status: number, call: Call): void {
    if (this.#calls === null) {
      this.#calls = []
      this.#begun = status
      // What is thrown here nobody hears: it would end the process.
      this.#settle(status).catch((error) => this.#destroy(error))
    }
    this.#calls.push(call)
  }

  async #settle(status: number): Promise<void> {
    try {
      this.#release(await this.#options.settle(status))
    } catch (error) {
      this.#fail(error)
    }
  }

  #open(): readonly Call[] {
    const waiting = this.#calls ?? []
    this.#calls = null
    this.#isFree = true
    return waiting
  }

  #release({ cookies, answer, fault }: Outgoing): void {
    const waiting = this.#open()
    if (this.#response.destroyed) return
    if (answer !== null) {
      this.#isReplaced = true
      sendAnswer(this.#response, answer)
      return
    }
    this.#told = cookies
    if (fault !== undefined) throw fault
    addCookies(this.#response, this.#told)
    this.#response.statusCode = this.#begun ?? this.#response.statusCode
    for (const call of waiting) call()
    if (!this.#hasEnded) this.#response.emit('drain')
  }

  #fail(error: unknown): void {
    this.#open()
    if (this.#isSent) return this.#destroy(error)
    this.#isReplaced = false
    this.#isRefused = true
    this.#takeBack?.()
    addCookies(this.#response, this.#told)
    this.#options.onError(error)
  }

  #destroy(error: unknown): void {
    this.#response.destroy(error instanceof Error ? error : undefined)
  }

  /** Headers are set at once, so that what Node refuses is thrown where the handler hears it, and ours come on top. */
  #take(args: readonly unknown[]): ResponseHead {
    const head = readHead(args)
    this.#takeBack = giveFields(this.#response, head)
    return head
  }

  #send({ status, message }: ResponseHead): ServerResponse {
    return Reflect.apply(this.#own.writeHead, this.#response, message === null ? [status] : [status, message])
  }
}

/** The one that holds it. Whoever inherits from a response, or stands in front of it, finds it too. */
function heldBy(response: Marked): HeldResponse {
  const held = response[mark]
  if (held === undefined)
    throw new TypeError('A method of a response that is held, called on something else.')
  return held
}

// The same functions for all responses: V8 keeps an object that has a function of its own, and all that it leads to, until
// the next full collection.
const methods = {
  writeHead(this: Marked, ...args: unknown[]): ServerResponse {
    return heldBy(this).writeHead(args)
  },
  write(this: Marked, ...args: unknown[]): boolean {
    return heldBy(this).write(args)
  },
  end(this: Marked, ...args: unknown[]): ServerResponse {
    return heldBy(this).end(args)
  },
  flushHeaders(this: Marked): void {
    heldBy(this).flushHeaders()
  },
  setHeader(this: Marked, ...args: unknown[]): unknown {
    return heldBy(this).change('setHeader', args)
  },
  setHeaders(this: Marked, ...args: unknown[]): unknown {
    return heldBy(this).change('setHeaders', args)
  },
  appendHeader(this: Marked, ...args: unknown[]): unknown {
    return heldBy(this).change('appendHeader', args)
  },
  removeHeader(this: Marked, ...args: unknown[]): unknown {
    return heldBy(this).change('removeHeader', args)
  },
}

const headersSent = {
  configurable: true,
  get(this: Marked): boolean {
    return heldBy(this).headersSent
  },
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
