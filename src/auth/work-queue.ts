import { AuthError } from '../core/errors.ts'

/** How much costly work may run and wait at once. */
export interface WorkQueueOptions {
  /** Pieces of work that run at the same time. */
  readonly atOnce: number
  /** Pieces that may wait behind them; one more is refused. */
  readonly waiting: number
  /** Seconds a piece may wait before it is refused. */
  readonly patience: number
}

/** Runs costly work a few pieces at a time, with a bounded line behind it. */
export interface WorkQueue {
  /**
   * Resolves to what `work` resolves to. Rejects with `ERR_AUTH_BUSY` when the line is full or the wait too long, and
   * with the signal's reason as soon as it aborts. Work that has begun keeps its place until it is really over.
   */
  run<Result>(work: () => Promise<Result>, signal?: AbortSignal): Promise<Result>
}

/** A line for work that costs memory and CPU, such as password hashing. */
export function workQueue(options: WorkQueueOptions): WorkQueue {
  const { atOnce, waiting, patience } = options
  const line = new Set<() => void>()
  let running = 0

  function leave(): void {
    const [next] = line
    if (next === undefined) running -= 1
    else next()
  }

  function turn(signal: AbortSignal | undefined): Promise<void> {
    if (running < atOnce) {
      running += 1
      return Promise.resolve()
    }
    if (line.size >= waiting) return Promise.reject(busy(`${line.size} sign-ins are waiting already`))
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        line.delete(start)
        clearTimeout(timer)
        signal?.removeEventListener('abort', abort)
      }
      const start = (): void => {
        settle()
        resolve()
      }
      const abort = (): void => {
        settle()
        reject(signal?.reason)
      }
      const timer = setTimeout(() => {
        settle()
        reject(busy(`no turn came within ${patience} s`))
      }, patience * 1000)
      line.add(start)
      signal?.addEventListener('abort', abort, { once: true })
    })
  }

  return {
    async run(work, signal) {
      signal?.throwIfAborted()
      await turn(signal)
      // Native hashing cannot be stopped. Were the place freed at abort, "ask, hang up, ask again" would put any
      // number of hashes in memory at once.
      const done = Promise.resolve().then(work).finally(leave)
      return signal === undefined ? done : until(signal, done)
    },
  }
}

/** What `done` settles to, or the signal's reason if that comes first. */
function until<Result>(signal: AbortSignal, done: Promise<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    if (signal.aborted) abort()
    done.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}

function busy(why: string): AuthError {
  return new AuthError('ERR_AUTH_BUSY', `Too many passwords to check at once: ${why}. Try again in a moment.`)
}
