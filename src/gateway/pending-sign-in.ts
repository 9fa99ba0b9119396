/**
 * A sign-in between "we know who this is" and a session, while the person is asked something more: kept by the browser, in
 * a form of ours, sealed. It is good in that browser alone, once, and for five minutes. The token of an API or a provider
 * stays in the store: it is for servers alone, sealed or not.
 */
import type { Vouched } from '../auth/voucher.ts'
import type { Json, SessionStore, StateScope } from '../core/contracts.ts'
import { fromBase64url, fromUtf8, open, random, seal, toBase64url, toUtf8 } from '../core/crypto.ts'
import type { Keyring } from '../core/keyring.ts'
import type { SealedState } from '../core/sealed-state.ts'
import { type Account, accountKey } from './standing.ts'

/** What is known already, and where to go afterwards. */
export interface PendingSignIn extends Vouched {
  readonly remember: boolean
  /** What `begin` answered when checking began: a revocation since then wins over the session that comes of it. */
  readonly begun: number
  /** As `returnPath` gave it. */
  readonly returnTo: string
  /** When its first ticket was issued: one that is issued in place of another lives no longer. @default now */
  readonly issuedAt?: number
}

/** Both reject with `StoreError` when the store cannot tell. */
export interface PendingSignIns {
  /** The ticket of a sign-in for the browser with this form binding. `step` is what is asked: no ticket is good for another. */
  issue(step: string, binding: string, pending: PendingSignIn): Promise<string>
  /**
   * What a ticket stands for: once, on whatever replica. `null`: not ours, not for this step or browser, too old, used, or
   * one of too many of its account.
   */
  use(step: string, binding: string, ticket: string): Promise<PendingSignIn | null>
}

export interface PendingSignInsOptions {
  readonly store: SessionStore
  readonly keyring: Keyring
  /** Sealed for servers. */
  readonly state: SealedState
  /** The app's name: apps that share a store do not mix. */
  readonly app: string
  readonly now: () => number
}

/** What the browser holds. */
interface Sealed extends Omit<PendingSignIn, 'token'> {
  readonly issuedAt: number
  readonly authenticatedAt: number
  readonly nonce: string
  /** Whether a token waits in the store. */
  readonly kept: boolean
}

/** A token that waits for its sign-in. */
interface Kept {
  readonly nonce: string
  readonly until: number
  readonly token: string
}

const lifetime = 5 * 60_000
// Claims, twice over: enough for any that fit into a header.
const longest = 65_536
// Of one account at a time; who begins more has given up the first.
const mostKept = 8

export function pendingSignIns(options: PendingSignInsOptions): PendingSignIns {
  const { store, keyring, state, app, now } = options
  const scope: StateScope = { sid: null, name: `pending-tokens:${app}` }
  const key = keyring.key('pending-sign-in/v1')
  // SECURITY: who copies a ticket from a page has neither the cookie that holds the binding nor another step's form.
  const bound = (step: string, binding: string): string =>
    JSON.stringify(['pending-sign-in/v1', step, binding])

  async function keep(who: Account, kept: Kept): Promise<void> {
    await state.change(scope, accountKey(who), (value) =>
      asJson([...live(value, now()).slice(1 - mostKept), kept]),
    )
  }

  async function take(who: Account, nonce: string): Promise<string | null> {
    let token: string | null = null
    await state.change(scope, accountKey(who), (value) => {
      const all = live(value, now())
      token = all.find((one) => one.nonce === nonce)?.token ?? null
      const left = all.filter((one) => one.nonce !== nonce)
      return left.length === 0 ? null : asJson(left)
    })
    return token
  }

  return {
    async issue(step, binding, { token, ...pending }) {
      const { issuedAt = now() } = pending
      const nonce = toBase64url(random(16))
      if (token !== null) await keep(pending.identity, { nonce, until: issuedAt + lifetime, token })
      // Who they are was shown before they were asked: the session must not say that it was when they answered.
      const { authenticatedAt = issuedAt } = pending
      const content: Sealed = { ...pending, issuedAt, authenticatedAt, nonce, kept: token !== null }
      return toBase64url(seal(key, toUtf8(JSON.stringify(content)), bound(step, binding)))
    },

    async use(step, binding, ticket) {
      const box = ticket.length > longest ? null : fromBase64url(ticket)
      const plain = box === null ? null : open(key, box, bound(step, binding))
      if (plain === null) return null
      const { issuedAt, nonce, kept, ...pending } = JSON.parse(fromUtf8(plain)) as Sealed
      const age = now() - issuedAt
      // Replicas' clocks may differ by a little.
      if (age > lifetime || age < -60_000) return null
      if (!(await store.once(`pending-sign-in:${nonce}`, lifetime + 120_000))) return null
      if (!kept) return { ...pending, issuedAt, token: null }
      const token = await take(pending.identity, nonce)
      // Without it nobody could ask about them again.
      return token === null ? null : { ...pending, issuedAt, token }
    },
  }
}

function asJson(kept: readonly Kept[]): Json {
  return kept.map((one) => ({ ...one }))
}

function live(value: Json, now: number): readonly Kept[] {
  return Array.isArray(value) ? (value as unknown as readonly Kept[]).filter(({ until }) => until > now) : []
}
