/**
 * A sign-in between "we know who this is" and a session, while the person is asked something more: kept by the browser, in
 * a form of ours, sealed. It is good in that browser alone, once, and for five minutes.
 */
import type { Vouched } from '../auth/voucher.ts'
import type { SessionStore } from '../core/contracts.ts'
import { fromBase64url, fromUtf8, open, random, seal, toBase64url, toUtf8 } from '../core/crypto.ts'
import type { Keyring } from '../core/keyring.ts'

/** What is known already, and where to go afterwards. */
export interface PendingSignIn extends Vouched {
  readonly remember: boolean
  /** What `begin` answered when checking began: a revocation since then wins over the session that comes of it. */
  readonly begun: number
  /** When they showed a second factor. */
  readonly factorAt?: number
  /** As `returnPath` gave it. */
  readonly returnTo: string
}

/** A ticket that was opened; `use` is `true` once, on whatever replica. Rejects with `StoreError` when that cannot be told. */
export interface OpenedTicket {
  readonly pending: PendingSignIn
  use(): Promise<boolean>
}

export interface PendingSignIns {
  /** The ticket of a sign-in for the browser with this form binding. `step` is what is asked: no ticket is good for another. */
  issue(step: string, binding: string, pending: PendingSignIn): string
  /** `null`: not ours, not for this step or browser, or too old. */
  open(step: string, binding: string, ticket: string): OpenedTicket | null
}

interface Sealed extends PendingSignIn {
  readonly issuedAt: number
  readonly nonce: string
}

const lifetime = 5 * 60_000
// Claims and a token, twice over: enough for any that fit into a header.
const longest = 65_536

export function pendingSignIns(
  { store, keyring }: { readonly store: SessionStore; readonly keyring: Keyring },
  now: () => number,
): PendingSignIns {
  const key = keyring.key('pending-sign-in/v1')
  // SECURITY: who copies a ticket from a page has neither the cookie that holds the binding nor another step's form.
  const bound = (step: string, binding: string): string =>
    JSON.stringify(['pending-sign-in/v1', step, binding])

  return {
    issue(step, binding, pending) {
      const content: Sealed = { ...pending, issuedAt: now(), nonce: toBase64url(random(16)) }
      return toBase64url(seal(key, toUtf8(JSON.stringify(content)), bound(step, binding)))
    },

    open(step, binding, ticket) {
      const box = ticket.length > longest ? null : fromBase64url(ticket)
      const plain = box === null ? null : open(key, box, bound(step, binding))
      if (plain === null) return null
      const { issuedAt, nonce, ...pending } = JSON.parse(fromUtf8(plain)) as Sealed
      const age = now() - issuedAt
      // Replicas' clocks may differ by a little.
      if (age > lifetime || age < -60_000) return null
      return { pending, use: () => store.once(`pending-sign-in:${nonce}`, lifetime + 120_000) }
    },
  }
}
