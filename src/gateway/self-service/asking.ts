/** Asking for mail: the same answer at once whoever asks for whom, and the rest afterwards. */
import { clientNetwork } from '../../auth/client-network.ts'
import { type Budget, type Counters, windowedCount } from '../../auth/windowed-count.ts'
import type { Log } from '../log.ts'
import type { Mail, MailQueue } from './mail-queue.ts'

/** `asked` says nothing of whether there is an account, or a mail. */
export type Asked =
  | { readonly kind: 'asked' | 'unavailable' }
  | { readonly kind: 'throttled'; readonly seconds: number }

/** Who asks: from where, and the languages their browser likes. */
export interface Asker {
  readonly address: string
  readonly acceptLanguage?: string | undefined
}

/** A mail to be sent, if not too many went there lately. */
export interface Found {
  /** Whom it is about: an account, or an address. */
  readonly whom: string
  mail(): Mail
}

export interface Asking {
  /** `find` runs after the answer. Never rejects. */
  ask(what: string, address: string, find: () => Promise<Found | null>): Promise<Asked>
  /** Whether somebody may go on; `seconds` until they may, if not. Rejects with `StoreError` when it cannot tell. */
  within(name: readonly string[], budget: Budget): Promise<number | null>
}

/**
 * Nobody can lock somebody else out, nor fill their mailbox. An account gets two mails of a kind from one network, and
 * three from all, in twenty minutes; what is asked for beyond that is answered alike and not sent. That takes nothing from
 * its owner, who has the link that the last of those mails brought: it is good for ten minutes more (`linkLifetime`).
 */
export const mailBudgets: Readonly<Record<'network' | 'pair' | 'account', Budget>> = {
  network: { most: 20, seconds: 600 },
  pair: { most: 2, seconds: 1200 },
  account: { most: 3, seconds: 1200 },
}

export interface AskingOptions {
  readonly store: Counters
  /** Images the names that are counted. */
  readonly key: Uint8Array
  readonly queue: Pick<MailQueue, 'post'>
  readonly log: Log
  readonly now: () => number
}

export function asking({ store, key, queue, log, now }: AskingOptions): Asking {
  const count = windowedCount(store, key, now)

  async function within(name: readonly string[], budget: Budget): Promise<number | null> {
    const counted = await count(JSON.stringify(name), budget)
    return counted.count <= budget.most ? null : counted.left
  }

  async function mayReach(what: string, whom: string, network: string): Promise<boolean> {
    // One after the other: a network that has had its share cannot use up everybody's.
    if ((await within(['mail-pair', what, whom, network], mailBudgets.pair)) !== null) return false
    return (await within(['mail-account', what, whom], mailBudgets.account)) === null
  }

  return {
    within,
    async ask(what, address, find) {
      const network = clientNetwork(address)
      try {
        const seconds = await within(['mail-network', network], mailBudgets.network)
        if (seconds !== null) return { kind: 'throttled', seconds }
      } catch (error) {
        return unavailable(log, error)
      }
      const posted = queue.post(async () => {
        const found = await find()
        if (found === null) return null
        return (await mayReach(what, found.whom, network)) ? found.mail() : null
      })
      return posted ? { kind: 'asked' } : unavailable(log, new Error('too much mail is waiting'))
    },
  }
}

/** Says in the log why nothing could be done. */
export function unavailable(log: Log, error: unknown): { readonly kind: 'unavailable' } {
  log.write('warn', 'self_service_unavailable', {
    reason: error instanceof Error ? error.message : 'unknown',
  })
  return { kind: 'unavailable' }
}
