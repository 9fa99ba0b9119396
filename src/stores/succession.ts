/**
 * Whether a Redis primary may have been succeeded and not know it. No network and no timers.
 *
 * That a majority has a write is not enough where somebody else chooses the next primary. Sentinel makes a replica the
 * primary first, and tells the other replicas afterwards: until then they follow the old one and confirm what it says, all
 * of which is lost when they go over. It happens to a primary that stood still, or that the sentinels could not reach, and
 * that works again while it is being replaced (measured: one that was stopped for 2.5 s acknowledged three sessions that were lost).
 *
 * But whoever becomes the primary leaves the old one in that moment. So where a replica leaves, nothing counts for
 * `handoverMs`: it is either gone, and the others are there still, or it is the primary, and they have followed it by then.
 */

/** How long the others may take to follow a new primary: Sentinel looks every second who leads, and tells them at once. */
export const handoverMs = 3_000

export interface Succession {
  /**
   * Call it with each answer of a server that its replicas have confirmed: who it is, and how many follow it by what it said
   * after that. `false`: the answer does not count, for another may be the primary by now. `replicas`: how many there
   * should be, for a server that was not asked before.
   */
  observe(server: string | null, followers: number, replicas: number): boolean
}

export function createSuccession(now: () => number): Succession {
  let known: string | null = null
  /** As many follow it as long as nobody leaves. */
  let present = 0
  let fewest = 0
  let leftAt = 0

  return {
    observe(server, followers, replicas) {
      if (server !== known) {
        known = server
        present = Math.max(replicas, followers)
        fewest = present
      }
      if (followers < fewest) {
        fewest = followers
        leftAt = now()
      }
      if (followers < present && now() - leftAt < handoverMs) return false
      present = followers
      fewest = followers
      return true
    },
  }
}
