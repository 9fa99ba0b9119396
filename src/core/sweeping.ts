/** Removes what nobody needs any more: a little at a time, and as often as there is something. */
import { clockTrust } from './clock-trust.ts'
import type { SessionStore } from './contracts.ts'

const every = 60_000
// Small portions: a large one would hold up the requests that wait behind it.
const portion = 1_000
// Whoever removed this many left more behind: some stores stop before the portion is full, to hold up nobody.
const many = 100
const shortestRest = 50
// Rests this many times as long as it worked, so that the store has four fifths of its time for others, however slow it is.
const restsPerWork = 4

/** Begins with it; returns how to stop. What cannot be removed now can be later: no failure of the store is told. */
export function sweeping(store: Pick<SessionStore, 'sweep'>): () => void {
  const isTrusted = clockTrust()
  let stopped = false
  let timer: ReturnType<typeof setTimeout>

  const restFor = (rest: number): void => {
    if (stopped) return
    timer = setTimeout(() => void work(), rest)
    timer.unref?.()
  }

  async function work(): Promise<void> {
    const began = performance.now()
    // P8: what a clock that went wrong holds to be over must be there when it is right again.
    const removed = isTrusted() ? await store.sweep(portion).catch(() => 0) : 0
    const worked = performance.now() - began
    // Without going on at once, whoever makes more rows in a minute than a portion has would fill the store.
    restFor(removed < many ? every : Math.min(every, Math.max(shortestRest, restsPerWork * worked)))
  }

  restFor(every)
  return () => {
    stopped = true
    clearTimeout(timer)
  }
}
