/** Says to the other tabs of this browser that a tab id is taken, and finds out whether it is. */
export interface Claim {
  /** Takes the id; with `patience` only if no live tab has it, which is known after so many milliseconds. */
  take(id: string, patience?: number): Promise<boolean>
  /** Lets go, so that the page may enter the back/forward cache and its successor finds the id free. */
  release(): void
}

/** Claims by Web Locks: exact, also against tabs that are busy or frozen. */
export function lockClaim(locks: LockManager): Claim {
  let attempt: AbortController | null = null
  let letGo = (): void => {}

  return {
    take: (id, patience) =>
      new Promise((resolve) => {
        const mine = new AbortController()
        const held = () => {
          resolve(true)
          return new Promise<void>((done) => {
            letGo = done
          })
        }
        attempt = mine
        // After F5 the old document may still be letting go, so a held lock is waited for, not refused at once.
        if (patience) setTimeout(() => mine.abort(), patience)
        // An attempt given up by `release` has no answer: the page is going, and must not take another id.
        locks
          .request(`holdfast-tab-${id}`, { signal: mine.signal }, held)
          .catch(() => attempt === mine && resolve(false))
      }),
    release() {
      const mine = attempt
      attempt = null
      mine?.abort()
      letGo()
    },
  }
}

/** Claims by asking around, where there are no Web Locks: plain http. Silence means the id is free. */
export function channelClaim(): Claim {
  let channel: BroadcastChannel | null = null
  let mine: string | null = null
  let settle = (_isFree: boolean, _id?: string): void => {}

  const open = (): BroadcastChannel => {
    const opened = channel ?? new BroadcastChannel('holdfast-tab')
    opened.onmessage = ({ data }: MessageEvent<{ readonly ask?: string; readonly held?: string }>) => {
      if (data.held) settle(false, data.held)
      else if (data.ask === mine) opened.postMessage({ held: mine })
    }
    channel = opened
    return opened
  }

  return {
    take: (id, patience) =>
      new Promise((resolve) => {
        const asked = open()
        settle = (isFree, held = id) => {
          if (held !== id || channel === null) return
          if (isFree) mine = id
          resolve(isFree)
        }
        if (!patience) return settle(true)
        asked.postMessage({ ask: id })
        // In two steps: when this page was busy, the answer may be queued behind the first timer.
        setTimeout(() => setTimeout(() => settle(true), 20), patience - 20)
      }),
    release() {
      channel?.close()
      channel = mine = null
    },
  }
}
