import { type Deadlines, lead, type Nearest, nearest } from './deadline.ts'
import type { Answer } from './session.ts'

/** The warning as the person sees it. */
export interface Warning {
  show(remaining: number, extendable: boolean): void
  hide(): void
}

/** Watches the deadlines. */
export interface Expiry {
  /** Takes what the gateway said last. */
  update(deadlines: Deadlines): void
  /** Looks again now: timers sleep with the machine. */
  look(): void
  /** The person has read a warning that cannot be answered; it does not come again. */
  dismiss(): void
}

// Short enough for setTimeout (which fires at once beyond 2^31 ms) and to notice a machine that slept.
const LONGEST_NAP = 600_000
const RETRY = 3000

/**
 * Warns before the nearer deadline and, when it has passed, calls `expire` until somebody says otherwise.
 * Before either it asks: another tab may have moved the deadline, or the person's clock may have been set.
 */
export function watchExpiry(warning: Warning, check: () => Promise<Answer>, expire: () => void): Expiry {
  let deadlines: Deadlines | null = null
  let offset = 0
  let longestIdle = 0
  let askedFor = 0
  let dismissedFor = 0
  let expiredAt = -RETRY
  let timer: ReturnType<typeof setTimeout> | undefined

  const nap = (ms: number): void => {
    clearTimeout(timer)
    timer = setTimeout(look, Math.min(ms, LONGEST_NAP))
  }
  // What `expire` learns comes back through `update`: without a pause, a server whose deadline has passed
  // but whose session lives would be asked without end.
  const pass = (): void => {
    nap(RETRY)
    if (performance.now() - expiredAt < RETRY) return
    expiredAt = performance.now()
    expire()
  }
  const warn = (remaining: number, next: Nearest): void => {
    nap(remaining % 1000 || 1000)
    if (dismissedFor !== next.at) warning.show(remaining, next.extendable)
  }
  const look = (): void => {
    const next = deadlines && nearest(deadlines)
    const remaining = next ? next.at - (Date.now() + offset) : 0
    const early = next ? remaining - lead(next, longestIdle) : LONGEST_NAP
    if (next === null || early > 0) {
      warning.hide()
      nap(early)
    } else if (remaining <= 0) pass()
    else if (askedFor === next.at) warn(remaining, next)
    else {
      askedFor = next.at
      // A warning of the other kind may be up: this one is asked for anew.
      warning.hide()
      nap(RETRY)
      void check().then(look)
    }
  }

  return {
    update(said) {
      deadlines = said
      offset = said.now - Date.now()
      if (said.idleAt !== null) longestIdle = Math.max(longestIdle, said.idleAt - said.now)
      look()
    },
    look,
    dismiss() {
      dismissedFor = askedFor
      warning.hide()
    },
  }
}
