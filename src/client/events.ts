import type { Answer } from './session.ts'

/** The page's line to the gateway, kept up until the page goes. */
export interface EventLine {
  open(): void
  close(): void
  /** Tries at once where an attempt was waiting its turn. */
  hurry(): void
}

/** What an event line needs of the page. */
export interface EventLineOptions {
  /** The browser's own constructor. */
  readonly WebSocket: typeof WebSocket
  /** Where to connect. */
  readonly url: () => string
  /** Asks whether the session lives, and acts on it. */
  readonly check: () => Promise<Answer>
  readonly onMessage: (json: string) => void
  /** The gateway closed the line because the session ended. */
  readonly onEnd: () => void
}

/** Close code: this socket's session has ended. */
export const SESSION_ENDED = 4401

// A line that lived this long was healthy; one that dies sooner keeps backing off.
const HEALTHY = 5000
const LONGEST_PAUSE = 15_000

/** An event line that reconnects with jitter, from half a second up, so that a restart is no stampede. */
export function eventLine(options: EventLineOptions): EventLine {
  let socket: WebSocket | null = null
  let timer: ReturnType<typeof setTimeout> | undefined
  let attempts = 0
  let isOpen = false

  const retry = async (lastFailed: boolean): Promise<void> => {
    // A refused upgrade does not show its status to scripts; the session endpoint tells a sign-out (401)
    // from an outage. While it cannot say, an upgrade would fail as well.
    const answer = lastFailed ? await options.check() : undefined
    if (!isOpen || socket !== null || answer === 'signed-out') return
    if (answer === null) later(true)
    else connect()
  }
  const later = (lastFailed: boolean): void => {
    const pause = Math.min(LONGEST_PAUSE, 1000 * 2 ** attempts++)
    clearTimeout(timer)
    timer = setTimeout(() => void retry(lastFailed), pause * (0.5 + Math.random() / 2))
  }
  const connect = (): void => {
    const line = new options.WebSocket(options.url())
    let openedAt = 0
    socket = line
    line.onopen = () => {
      openedAt = performance.now()
    }
    line.onmessage = ({ data }) => options.onMessage(data)
    line.onclose = ({ code }) => {
      if (socket !== line) return
      socket = null
      if (code === SESSION_ENDED) return options.onEnd()
      if (openedAt && performance.now() - openedAt > HEALTHY) attempts = 0
      later(openedAt === 0)
    }
  }

  return {
    open() {
      if (isOpen) return
      isOpen = true
      connect()
    },
    close() {
      isOpen = false
      clearTimeout(timer)
      const line = socket
      socket = null
      line?.close()
    },
    hurry() {
      attempts = 0
      clearTimeout(timer)
      void retry(false)
    },
  }
}
