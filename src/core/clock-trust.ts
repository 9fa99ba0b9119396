/** Whether the wall clock can be believed that something is over for good. */

/** `true` while there is no reason to doubt the clock; to be asked again and again. */
export type ClockTrust = () => boolean

export interface ClockTrustOptions {
  /** @default Date.now */
  readonly wall?: () => number
  /** A clock that nobody sets. @default performance.now */
  readonly steady?: () => number
}

const minute = 60_000
// What a correction of a few minutes removes too early would have been over in a few minutes.
const tolerated = 5 * minute
// Long enough that somebody notices that everybody is out. Not for ever: the clock may have been wrong before.
const longestDoubt = 24 * 60 * minute

/**
 * While a clock is weeks ahead, everybody seems to be out, and comes back once it is right again: unless what they come back
 * to was removed meanwhile. So a clock that was set is doubted for as long as it jumped, a day at most; setting it back begins
 * that anew. Who begins with a wrong clock cannot know.
 */
export function clockTrust({
  wall = Date.now,
  steady = () => performance.now(),
}: ClockTrustOptions = {}): ClockTrust {
  let apart = wall() - steady()
  let doubtedUntil = Number.NEGATIVE_INFINITY

  return () => {
    const at = steady()
    const jump = Math.abs(wall() - at - apart)
    apart = wall() - at
    if (jump > tolerated) doubtedUntil = Math.max(doubtedUntil, at + Math.min(jump, longestDoubt))
    return at >= doubtedUntil
  }
}
