/** Waiting for an instant, for the moments when "before" and "after" must not share a millisecond. */

// A clock that stands still, or was set back, is not waited for.
const mostTicks = 5

/** Resolves once the clock shows the instant: at once if it does, else a millisecond or two later. */
export async function reached(now: () => number, instant: number): Promise<void> {
  for (let tick = 0; now() < instant && tick < mostTicks; tick++) {
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
}
