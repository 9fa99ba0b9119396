import { createHmac } from 'node:crypto'

/** A budget of attempts: `most` within each window of `seconds`. */
export interface Budget {
  readonly most: number
  readonly seconds: number
}

/** The store's counters: `hit(key, window in ms)` counts within a fixed window, across replicas. */
export interface Counters {
  hit(key: string, window: number): Promise<number>
}

/** How often a name was counted in the window under way, this time included, and for how many seconds that lasts. */
export interface Counted {
  readonly count: number
  readonly left: number
}

/** Counts what a name was attempted. `key` images the names: a store must learn no user and no address. */
export function windowedCount(
  store: Counters,
  key: Uint8Array,
  now: () => number,
): (name: string, budget: Budget) => Promise<Counted> {
  return async (name, budget) => {
    const image = createHmac('sha256', key).update(name).digest()
    const window = budget.seconds * 1000
    // The window is part of the name, so its end is known and can be told. Each counter has its own phase, or all
    // budgets of the world would be fresh at the same instant.
    const at = now() + (image.readUInt32BE(0) % window)
    const hits = await store.hit(`throttle:${image.toString('base64url')}:${Math.floor(at / window)}`, window)
    return { count: hits, left: Math.ceil((window - (at % window)) / 1000) }
  }
}
