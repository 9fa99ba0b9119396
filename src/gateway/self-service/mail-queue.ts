/** Mail on its way: a few at a time, a bounded number waiting, nobody kept waiting for it. */
import { setTimeout as wait } from 'node:timers/promises'
import type { Log } from '../log.ts'

export interface Mail {
  readonly to: string
  readonly subject: string
  readonly text: string
}

/** Hands one mail to a server. Rejects if it was not taken, by `MailRefused` if it never will be. */
export type SendMail = (mail: Mail) => Promise<void>

/** The server will not have it, however often it is asked. */
export class MailRefused extends Error {}

export interface MailQueue {
  /**
   * Does this later and sends what comes of it; `null` sends nothing. `false`: too much is waiting. SECURITY: what tells
   * whether there is an account belongs in `compose`, so that the answer takes as long for one as for the other.
   */
  post(compose: () => Promise<Mail | null>): boolean
  /** Resolves once all that was posted is sent or given up. */
  idle(): Promise<void>
  /** Lets what is on its way finish, for a few seconds. */
  close(): Promise<void>
}

const atOnce = 2
const most = 200
// A server that is being restarted is back by then.
const pauses: readonly number[] = [1_000, 5_000]
const patience = 5_000

export function mailQueue(send: SendMail, log: Log): MailQueue {
  const waiting: (() => Promise<Mail | null>)[] = []
  const stop = new AbortController()
  const idlers = new Set<() => void>()
  let running = 0

  // Neither whom to nor what: a log is read by many.
  function failed(error: unknown, retried: boolean): void {
    log.write('warn', 'mail_failed', {
      reason: error instanceof Error ? error.message : 'unknown',
      retried,
    })
  }

  async function deliver(mail: Mail): Promise<void> {
    for (let round = 0; ; round++) {
      try {
        return await send(mail)
      } catch (error) {
        const pause = error instanceof MailRefused ? undefined : pauses[round]
        failed(error, pause !== undefined)
        if (pause === undefined) return
        await wait(pause, undefined, { signal: stop.signal })
      }
    }
  }

  async function work(): Promise<void> {
    running += 1
    for (let compose = waiting.shift(); compose !== undefined; compose = waiting.shift()) {
      try {
        const mail = await compose()
        if (mail !== null) await deliver(mail)
      } catch (error) {
        failed(error, false)
      }
    }
    running -= 1
    if (running > 0) return
    for (const tell of idlers) tell()
    idlers.clear()
  }

  const idle = (): Promise<void> =>
    running === 0 && waiting.length === 0 ? Promise.resolve() : new Promise((resolve) => idlers.add(resolve))

  return {
    post(compose) {
      if (stop.signal.aborted || waiting.length >= most) return false
      waiting.push(compose)
      // After the answer that it is posted for.
      setImmediate(() => {
        if (running < atOnce && waiting.length > 0) void work()
      })
      return true
    },
    idle,
    async close() {
      await Promise.race([idle(), wait(patience, undefined, { ref: false })])
      waiting.length = 0
      stop.abort()
    },
  }
}
