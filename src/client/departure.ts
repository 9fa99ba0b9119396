import type { Curtain } from './curtain.ts'

/** The way out of the page, taken once. */
export interface Departure {
  isLeaving(): boolean
  /** Hides the page at once and goes to the sign-in page; `until`: the sign-out, where this page asked for it. */
  leave(until?: Promise<unknown>): Promise<void>
}

// A sign-out closes this page's sockets before its own answer arrives: wait that long for it.
const COURTESY = 2000
// A navigation may come to nothing: a connection that hangs, a press of Esc. Then again after this, and twice that.
const AGAIN = 8000

/** A way out through `curtain` to the sign-in page; frames stay behind the curtain and go nowhere. */
export function createDeparture(base: string, curtain: Curtain, isRoot: boolean): Departure {
  let leaving = false
  let navigatedAt = -COURTESY

  addEventListener(
    'beforeunload',
    (event) => {
      navigatedAt = performance.now()
      // "Leave site?" would let a signed-out person stay; this listener is the window's first.
      if (leaving) event.stopImmediatePropagation()
    },
    true,
  )

  addEventListener('pageshow', () => {
    navigatedAt = -COURTESY
  })

  return {
    isLeaving: () => leaving,
    async leave(until) {
      if (leaving) return
      leaving = true
      curtain.draw()
      if (!isRoot) return
      // A navigation under way may be the sign-out itself (a form, an app's own link); replacing it would
      // throw away the answer that expires the cookie. When it arrives, this page and its timer are gone.
      const wait = navigatedAt + COURTESY - performance.now()
      await until
      const go = (pause: number): void => {
        const here = location.pathname + location.search
        // With this reason the sign-in page clears the cache: one page is to do it, the one that was signed out on.
        const why = until ? 'reason=signed-out&' : ''
        location.replace(`${base}/_holdfast/sign-in?${why}return_to=${encodeURIComponent(here)}`)
        setTimeout(go, pause, pause * 2)
      }
      // At once where it can be: a browser lets the timers of pages in the background wait for a second or more.
      if (wait > 0) setTimeout(go, wait, AGAIN)
      else go(AGAIN)
    },
  }
}
