/** Browsers that nobody has signed in with, and of which something is to be kept: so many from one network, and no more. */
import { clientNetwork } from '../auth/client-network.ts'
import { type Budget, type Counters, windowedCount } from '../auth/windowed-count.ts'
import type { Loaded } from '../core/lookup.ts'
import type { SessionManager } from '../core/manager.ts'
import type { Log } from './log.ts'

export interface Newcomers {
  /**
   * As `start` of the sessions; or `seconds`: so many came from this network lately that nothing is kept of one more, for so
   * long. Rejects with `StoreError` when the store cannot count.
   */
  start(credential: string, address: string): Promise<Loaded | null | { readonly seconds: number }>
}

export interface NewcomersOptions {
  readonly sessions: Pick<SessionManager, 'start'>
  readonly store: Counters
  /** Images what is counted. */
  readonly key: Uint8Array
  /** The app's name: apps that share a store count for themselves. */
  readonly app: string
  readonly log: Log
  readonly now: () => number
}

/**
 * SECURITY: whoever asks for one anonymous session after the other, which takes no password, fills the store with rows that
 * stay for a day. An office or a university behind one address fits in here; whoever does not is served, only not remembered.
 */
export const mostNewcomers: Budget = { most: 3_000, seconds: 600 }

export function newcomers({ sessions, store, key, app, log, now }: NewcomersOptions): Newcomers {
  const count = windowedCount(store, key, now)
  return {
    async start(credential, address) {
      const counted = await count(JSON.stringify(['newcomer', app, clientNetwork(address)]), mostNewcomers)
      if (counted.count <= mostNewcomers.most) return sessions.start(credential)
      // Once for each time: who floods us must not flood the log.
      if (counted.count === mostNewcomers.most + 1) log.write('warn', 'newcomers_throttled', { address })
      return { seconds: counted.left }
    },
  }
}
