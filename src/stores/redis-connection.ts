import { ClientOfflineError, ErrorReply } from 'redis'
import type { Endpoint, RedisAddress } from './redis-address.ts'
import { connect, handshakeMs, type RedisArgument, type RedisClient, within } from './redis-client.ts'
import { isForbidden, NoAnswerError, NotSentError } from './redis-fault.ts'

/** One connection that comes back by itself. It keeps nothing for later: what cannot be sent now is refused now. */
export interface RedisConnection {
  /** Rejects with `NotSentError`, `NoAnswerError` after `ms` (`attemptMs` unless said), or what Redis answered. */
  send(args: readonly RedisArgument[], ms?: number): Promise<unknown>
  /**
   * Resolves once it is connected; rejects with `NotSentError` that says why it is not. At once if that has been so for
   * longer than a call may take: in an outage nobody waits for nothing.
   */
  ready(withinMs: number): Promise<void>
  readonly isReady: boolean
  /**
   * Which server it is connected to, and which history that writes: two connections with the same see the same writes in
   * the same order. `null` while it is not connected.
   */
  readonly server: string | null
  /** Where that is. */
  readonly at: Endpoint | null
  /** Whether it has been down for so long that nobody should wait for it. */
  readonly isOut: boolean
  /** Tries at once, instead of after its pause: another connection has just found the server there. */
  hurry(): void
  /** Leaves this server and looks again for the right one. */
  reset(why: string): void
  close(): Promise<void>
}

export interface ConnectionOptions {
  readonly address: RedisAddress
  /** Where to connect to, asked anew each time. */
  locate(): Promise<Endpoint>
  /** Called with each new connection before it is used; rejects to refuse it. */
  greet?(client: RedisClient): Promise<void>
  /** Called when a connection is ready to be used. */
  onReady?(): void
  /** Called when a connection was lost that had been ready. */
  onLost?(): void
}

/** How long a call that can be made again may take. */
export const attemptMs = 250
const mostUnderWay = 10_000
const [firstPause, longestPause, worthWaitingMs] = [25, 1000, 1000]

/** Starts to connect, and goes on for as long as it is not closed. */
export function openConnection(options: ConnectionOptions): RedisConnection {
  const { address } = options
  let client: RedisClient | null = null
  let connectedTo: Endpoint | null = null
  let server = ''
  let reason = 'not connected yet'
  let cause: unknown
  let pause = firstPause
  let timer: NodeJS.Timeout | undefined
  let isClosed = false
  let isConnecting = false
  let underWay = 0
  let heardAt = 0
  let lostAt = performance.now()
  const waiting = new Set<{ resolve(): void; reject(error: Error): void }>()

  const notSent = (): NotSentError => new NotSentError(reason, { cause })
  const isOut = (): boolean => client === null && performance.now() - lostAt > worthWaitingMs

  async function dial(): Promise<void> {
    const at = await options.locate()
    const found = await connect({ address, at, password: address.password })
    let identity: string
    try {
      identity = `${at.host} ${at.port} ${await within(handshakeMs, identify(found), 'no answer')}`
      await within(handshakeMs, options.greet?.(found) ?? Promise.resolve(), 'no answer')
    } catch (error) {
      found.destroy()
      throw error
    }
    if (isClosed) return found.destroy()
    found.on('error', (error: unknown) => lose(found, messageOf(error)))
    found.on('end', () => lose(found, 'the connection ended'))
    // It may have been lost between the last answer and the listeners.
    if (!found.isReady) throw new NotSentError('the connection was lost at once')
    client = found
    connectedTo = at
    server = identity
    heardAt = performance.now()
  }

  async function begin(): Promise<void> {
    if (isClosed || isConnecting) return
    isConnecting = true
    try {
      await dial()
      isConnecting = false
      if (client === null) return
      pause = firstPause
      for (const waiter of [...waiting]) waiter.resolve()
      options.onReady?.()
    } catch (error) {
      isConnecting = false
      reason = messageOf(error)
      cause = error
      again()
    }
  }

  function again(): void {
    if (isClosed) return
    clearTimeout(timer)
    // Jitter: all processes lose the same server at the same moment and must not come back in one.
    timer = setTimeout(() => void begin(), pause * (0.5 + Math.random() / 2))
    timer.unref()
    pause = Math.min(pause * 2, longestPause)
  }

  function lose(lost: RedisClient, why: string): void {
    if (client !== lost) return
    client = null
    lostAt = performance.now()
    reason = why
    cause = undefined
    lost.destroy()
    options.onLost?.()
    again()
  }

  async function answered(used: RedisClient, args: readonly RedisArgument[], ms: number): Promise<unknown> {
    const sentAt = performance.now()
    try {
      const reply = await within(ms, used.sendCommand(args), 'no answer')
      heardAt = performance.now()
      return reply
    } catch (error) {
      if (error instanceof ErrorReply) heardAt = performance.now()
      else if (!(error instanceof NoAnswerError)) lose(used, messageOf(error))
      // Nothing at all came since: it hangs. What is under way would be answered late, to nobody.
      else if (heardAt < sentAt) lose(used, 'no answer')
      throw outcomeOf(error)
    }
  }

  /** What is lost with its connection may have been executed. */
  function outcomeOf(error: unknown): unknown {
    if (error instanceof ErrorReply || error instanceof NoAnswerError) return error
    if (error instanceof ClientOfflineError) return notSent()
    return new NoAnswerError(`the connection was lost (${messageOf(error)})`)
  }

  void begin()

  return {
    get isReady() {
      return client !== null
    },

    get server() {
      return client === null ? null : server
    },

    get at() {
      return client === null ? null : connectedTo
    },

    get isOut() {
      return isOut()
    },

    async send(args, ms = attemptMs) {
      if (isClosed) throw new NotSentError('the store was closed')
      if (client === null) throw notSent()
      if (underWay >= mostUnderWay) throw new NotSentError(`${mostUnderWay} calls are under way already`)
      underWay += 1
      try {
        return await answered(client, args, ms)
      } finally {
        underWay -= 1
      }
    },

    async ready(withinMs) {
      if (client !== null) return
      if (isClosed) throw new NotSentError('the store was closed')
      if (isOut() || waiting.size >= mostUnderWay) throw notSent()
      await new Promise<void>((resolve, reject) => {
        const done = (act: () => void): void => {
          clearTimeout(limit)
          waiting.delete(waiter)
          act()
        }
        const waiter = { resolve: () => done(resolve), reject: (error: Error) => done(() => reject(error)) }
        const limit = setTimeout(() => waiter.reject(notSent()), Math.max(0, withinMs))
        waiting.add(waiter)
      })
    },

    hurry() {
      if (client !== null) return
      // It is worth waiting for again.
      lostAt = performance.now()
      pause = firstPause
      clearTimeout(timer)
      void begin()
    },

    reset(why) {
      if (client !== null) lose(client, why)
    },

    async close() {
      isClosed = true
      clearTimeout(timer)
      reason = 'the store was closed'
      for (const waiter of [...waiting]) waiter.reject(notSent())
      client?.destroy()
      client = null
    },
  }
}

/** What changes when a server is started again or takes over; empty where it does not tell. */
async function identify(client: RedisClient): Promise<string> {
  try {
    const info = `${await client.sendCommand(['INFO', 'server'])}${await client.sendCommand(['INFO', 'replication'])}`
    return [...info.matchAll(/^(?:run_id|master_replid):(\w+)/gm)].map(([, id]) => id).join(' ')
  } catch (error) {
    if (isForbidden(error)) return ''
    throw error
  }
}

function messageOf(error: unknown): string {
  if (error instanceof AggregateError) return messageOf(error.errors[0])
  return error instanceof Error && error.message !== '' ? error.message : 'the connection was lost'
}
