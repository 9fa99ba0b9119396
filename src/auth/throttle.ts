import { clientNetwork } from './client-network.ts'
import { throttledName } from './throttled-name.ts'
import { type Budget, type Counters, windowedCount } from './windowed-count.ts'

/** How many sign-in attempts are let through to the password check. */
export interface ThrottleLimits {
  /** From one network, for all accounts together: an office behind one address has to fit. */
  readonly network: Budget
  /** From one network for one account. */
  readonly pair: Budget
  /** For one account from everywhere: beyond it nobody is refused, but each attempt waits and `siege` counts. */
  readonly account: Budget
  /** What is left of `pair` while the account is under siege; its window is `pair`'s. */
  readonly siege: number
  /** The longest an attempt is made to wait, in seconds. */
  readonly longestDelay: number
}

/** What stands unless it is configured otherwise. */
export const defaultThrottleLimits: ThrottleLimits = {
  network: { most: 100, seconds: 300 },
  pair: { most: 10, seconds: 300 },
  account: { most: 30, seconds: 3600 },
  siege: 3,
  longestDelay: 4,
}

/** How often each counter has been hit in its window, this attempt included. */
export interface AttemptCounts {
  readonly network: number
  readonly pair: number
  readonly account: number
}

/** `allowed`: check the password, after `delaySeconds`. Otherwise answer 429 without checking it. */
export type ThrottleDecision =
  | { readonly allowed: true; readonly delaySeconds: number }
  | { readonly allowed: false; readonly retryAfterSeconds: number }

/**
 * Decides about an attempt by its counts alone.
 *
 * Nobody can lock somebody else out: a refusal needs attempts from the refused network itself. The count of the whole
 * account, which strangers can raise, only slows its attempts down, and leaves each network `siege` attempts instead
 * of `pair.most`. That bounds guessing from many addresses, and its owner still gets in with the third try.
 */
export function throttleDecision(counts: AttemptCounts, limits: ThrottleLimits): ThrottleDecision {
  if (counts.network > limits.network.most)
    return { allowed: false, retryAfterSeconds: limits.network.seconds }
  const over = counts.account - limits.account.most
  const most = over > 0 ? Math.min(limits.siege, limits.pair.most) : limits.pair.most
  if (counts.pair > most) return { allowed: false, retryAfterSeconds: limits.pair.seconds }
  return { allowed: true, delaySeconds: over > 0 ? Math.min(over * 0.25, limits.longestDelay) : 0 }
}

export interface SignInThrottleOptions {
  /** Counts across replicas. */
  readonly store: Counters
  /** A key for the counters' names, the same on every replica: a store must learn no name and no address. */
  readonly key: Uint8Array
  /** @default defaultThrottleLimits */
  readonly limits?: ThrottleLimits
  /** The clock, in epoch milliseconds. @default Date.now */
  readonly now?: () => number
}

/** Bounds guessing of passwords. */
export interface SignInThrottle {
  /**
   * Counts an attempt and decides about it. To be asked before the password is checked, for every attempt, so that
   * attempts sent at once cannot all slip through before the first failure is known. Says the same of users that do
   * not exist. Rejects when the store cannot count: then nothing may be let through.
   */
  attempt(username: string, address: string): Promise<ThrottleDecision>
}

/** A throttle over a store's counters. */
export function signInThrottle(options: SignInThrottleOptions): SignInThrottle {
  const { store, key, limits = defaultThrottleLimits, now = Date.now } = options

  const count = windowedCount(store, key, now)

  return {
    async attempt(username, address) {
      const network = clientNetwork(address)
      const account = throttledName(username)
      const known = { network: 0, pair: 0, account: 0 }
      // One after the other: an attempt refused at one counter does not reach the next, so one network alone cannot
      // bring an account under siege.
      const byNetwork = await count(JSON.stringify(['network', network]), limits.network)
      const first = throttleDecision({ ...known, network: byNetwork.count }, limits)
      if (!first.allowed) return { allowed: false, retryAfterSeconds: byNetwork.left }
      const byPair = await count(JSON.stringify(['pair', account, network]), limits.pair)
      const second = throttleDecision({ ...known, pair: byPair.count }, limits)
      if (!second.allowed) return { allowed: false, retryAfterSeconds: byPair.left }
      const byAccount = await count(JSON.stringify(['account', account]), limits.account)
      const counts = { network: byNetwork.count, pair: byPair.count, account: byAccount.count }
      const decision = throttleDecision(counts, limits)
      return decision.allowed ? decision : { allowed: false, retryAfterSeconds: byPair.left }
    },
  }
}
