import type { StoreChange } from '../core/contracts.ts'
import { throwUncaught } from '../core/uncaught.ts'

/** Those who asked a store to tell them of changes. */
export interface Watchers {
  /** Adds a listener; the answer removes it. */
  add(listener: (change: StoreChange) => void): () => void
  /** Calls every listener, each in the order it was added. */
  deliver(change: StoreChange): void
}

/** An empty set of watchers. The same function added twice is called twice. */
export function createWatchers(): Watchers {
  const entries = new Set<{ readonly listener: (change: StoreChange) => void }>()
  return {
    add(listener) {
      const entry = { listener }
      entries.add(entry)
      return () => {
        entries.delete(entry)
      }
    },
    deliver(change) {
      for (const entry of [...entries]) {
        try {
          entry.listener(change)
        } catch (error) {
          // A watcher that failed may still keep an ended session in its cache. Swallowing would let that session in;
          // throwing here would keep the change from the other watchers. So it surfaces as an uncaught exception.
          throwUncaught(error)
        }
      }
    },
  }
}
