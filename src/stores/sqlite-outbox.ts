import { StoreError } from '../core/errors.ts'
import type { SqliteFault } from './sqlite-fault.ts'
import { startThread, type WriterThread } from './sqlite-thread.ts'
import { monotonic, type WriteName, type WriteResult, type Writes } from './sqlite-writes.ts'

/** Sends writes to the thread that makes them, and waits no longer than a second for each. */
export interface Outbox {
  /** Resolves when the write is committed. Rejects with `StoreError`: then its outcome is unknown. */
  order<Name extends WriteName>(
    name: Name,
    ...args: Parameters<Writes[Name]>
  ): Promise<ReturnType<Writes[Name]>>
  /** Takes no more orders and waits for those under way. */
  drain(): Promise<void>
  /** Ends the thread, and with it the connection for writing. */
  stop(): Promise<void>
}

export interface OutboxOptions {
  readonly path: string
  /** Called after every commit, before the writes in it resolve. */
  onCommit(): void
}

interface Waiting {
  readonly deadline: number
  resolve(value: unknown): void
  reject(error: StoreError): void
}

const patience = 1000
const mostWaiting = 10_000
const firstPause = 50
const longestPause = 5000

function errorOf(fault: SqliteFault): StoreError {
  return new StoreError(fault.code, fault.message)
}

/** Starts the thread; rejects with `StoreError` if the file cannot be used. */
export async function openOutbox({ path, onCommit }: OutboxOptions): Promise<Outbox> {
  // In the order of their deadlines, for all have the same patience.
  const waiting = new Map<number, Waiting>()
  let isClosing = false
  let orders = 0
  let pause = firstPause
  let alarm: NodeJS.Timeout | undefined
  let onDrained: (() => void) | null = null

  function settle(number: number, act: (waiter: Waiting) => void): void {
    const waiter = waiting.get(number)
    if (waiter === undefined) return
    waiting.delete(number)
    act(waiter)
    if (waiting.size > 0) return
    if ('post' in thread) thread.hold(false)
    clearTimeout(alarm)
    alarm = undefined
    onDrained?.()
  }

  function onResults(results: readonly WriteResult[]): void {
    pause = firstPause
    onCommit()
    for (const result of results) {
      settle(result.number, (waiter) => {
        if ('fault' in result) waiter.reject(errorOf(result.fault))
        else waiter.resolve(result.value)
      })
    }
  }

  function giveUp(): void {
    const now = monotonic()
    for (const [number, { deadline }] of waiting) {
      if (deadline > now) break
      const message = `SQLite store ${path}: no answer within ${patience} ms. Whether the change was made is unknown; try again.`
      settle(number, (waiter) => waiter.reject(new StoreError('ERR_STORE_TIMEOUT', message)))
    }
    setAlarm()
  }

  function setAlarm(): void {
    const next = waiting.values().next()
    if (alarm !== undefined || next.done) return
    // After the poll phase: a process that was busy itself for a second must first look whether the answers are there.
    const onAlarm = (): void => {
      alarm = undefined
      setImmediate(giveUp)
    }
    alarm = setTimeout(onAlarm, Math.max(1, next.value.deadline - monotonic()))
  }

  function onExit(fault: SqliteFault): void {
    thread = fault
    for (const number of [...waiting.keys()]) settle(number, (waiter) => waiter.reject(errorOf(fault)))
    restartSoon()
  }

  function restartSoon(): void {
    if (isClosing) return
    setTimeout(() => void restart(), pause).unref()
    pause = Math.min(pause * 2, longestPause)
  }

  async function restart(): Promise<void> {
    if (isClosing) return
    thread = await startThread({ path, onResults, onExit })
    if (!('post' in thread)) restartSoon()
    else if (isClosing) await thread.stop()
  }

  // While there is none, the reason why.
  let thread: WriterThread | SqliteFault = await startThread({ path, onResults, onExit })
  if (!('post' in thread)) throw errorOf(thread)

  return {
    order(name, ...args) {
      return new Promise((resolve, reject) => {
        if (isClosing) {
          return reject(new StoreError('ERR_STORE_UNAVAILABLE', `SQLite store ${path} was closed.`))
        }
        if (!('post' in thread)) return reject(errorOf(thread))
        if (waiting.size >= mostWaiting) {
          const message = `SQLite store ${path}: ${mostWaiting} writes are waiting already. Try again later.`
          return reject(new StoreError('ERR_STORE_UNAVAILABLE', message))
        }
        const number = orders++
        const deadline = monotonic() + patience
        thread.post({ number, name, args, deadline })
        if (waiting.size === 0) thread.hold(true)
        waiting.set(number, { deadline, resolve: resolve as (value: unknown) => void, reject })
        setAlarm()
      })
    },

    async drain() {
      isClosing = true
      if (waiting.size === 0) return
      await new Promise<void>((resolve) => {
        onDrained = resolve
      })
    },

    async stop() {
      if ('post' in thread) await thread.stop()
    },
  }
}
