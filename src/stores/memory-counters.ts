/** What a store counts: keys taken once, and hits in a window. */
export interface MemoryCounters {
  once(key: string, ttl: number): boolean
  hit(key: string, window: number): number
  /** Removes at most `limit` of those whose time is over; how many. */
  sweep(limit: number): number
}

/** No counts at all, on the given clock. */
export function createMemoryCounters(now: () => number): MemoryCounters {
  const onces = new Map<string, { readonly until: number }>()
  const hits = new Map<string, { count: number; readonly until: number }>()
  return {
    once(key, ttl) {
      const at = now()
      const entry = onces.get(key)
      if (entry !== undefined && entry.until > at) return false
      onces.set(key, { until: at + ttl })
      return true
    },

    hit(key, window) {
      const at = now()
      const entry = hits.get(key)
      if (entry === undefined || entry.until <= at) {
        hits.set(key, { count: 1, until: at + window })
        return 1
      }
      entry.count += 1
      return entry.count
    },

    sweep(limit) {
      const at = now()
      let removed = 0
      for (const counters of [onces, hits]) {
        for (const [key, counter] of counters) {
          if (removed === limit) return removed
          if (counter.until > at) continue
          counters.delete(key)
          removed += 1
        }
      }
      return removed
    },
  }
}
