/** Asks again about those that a login API or an identity provider vouched for, as long as they are signed in. */
import type { Vouched, Voucher } from '../auth/voucher.ts'
import type { Json, SessionStore, StateScope } from '../core/contracts.ts'
import type { SessionManager } from '../core/manager.ts'
import type { SealedState } from '../core/sealed-state.ts'
import { rolesOf, type Session } from '../core/session.ts'
import type { Log } from './log.ts'
import type { Standings } from './standing.ts'

export interface VouchingOptions {
  /** Each with how often it is asked about somebody, in milliseconds. */
  readonly vouchers: readonly { readonly voucher: Voucher; readonly every: number }[]
  readonly store: SessionStore
  readonly sessions: SessionManager
  /** Where tokens are kept, sealed; they die with their session. */
  readonly state: SealedState
  /** Roles that were set here are no other roles. */
  readonly standings: Pick<Standings, 'applied'>
  /** The app's name: apps that share a store do not mix. */
  readonly app: string
  readonly log: Log
  readonly now: () => number
}

export interface Vouching {
  /**
   * Keeps the token of who has just signed in, where there is one. `false`: the session has ended. Rejects with
   * `StoreError`: then it must end, for nobody could ask about it again.
   */
  signedIn(session: Session, token: string | null): Promise<boolean>
  /** The token kept of a session; `null` if there is none. */
  tokenOf(session: Session): Promise<string | null>
  /** Notes that a session is in use: where it is time, the API is asked meanwhile. */
  used(session: Session): void
  /**
   * Whether a session that this process has just read from the store may go on. Waits for the API where it is time to
   * ask, though not longer than a person would: an API that is away signs nobody out.
   */
  restored(session: Session): Promise<boolean>
}

interface Kept {
  readonly token: string
  readonly checkedAt: number
}

const askPatience = 10_000
const restorePatience = 2_000
// An API that is away is asked again after this long, or `every` if that is sooner.
const retryAfter = 30_000
const mostKnown = 100_000

export function vouching(options: VouchingOptions): Vouching {
  const { vouchers, store, sessions, state, standings, now, log } = options
  // When each session in use here is to be asked about next.
  const due = new Map<string, number>()
  const asking = new Map<string, Promise<boolean>>()

  const scopeOf = (sid: string): StateScope => ({ sid, name: `vouched:${options.app}` })
  const byName = new Map(vouchers.map((one) => [one.voucher.name, one]))
  const voucherOf = ({ identity }: Session): Asked | undefined =>
    identity === null ? undefined : byName.get(identity.authenticator)

  const plan = (sid: string, at: number): void => {
    if (due.size >= mostKnown) due.clear()
    due.set(sid, at)
  }

  async function keep(sid: string, token: string, every: number): Promise<boolean> {
    plan(sid, now() + every)
    return state.set(scopeOf(sid), 'token', { token, checkedAt: now() })
  }

  async function end(session: Session, why: string): Promise<false> {
    log.write('info', 'no_longer_vouched_for', { user: session.identity?.userId ?? '', why })
    await sessions.end(session.sid)
    due.delete(session.sid)
    return false
  }

  /** Asks, or finds that another replica has. `false`: the session was ended. */
  async function check(session: Session, { voucher, every }: Asked): Promise<boolean> {
    const { sid } = session
    const pause = Math.min(every, retryAfter)
    const kept = readKept(await state.get(scopeOf(sid), 'token'))
    // Signed in without a token, or before there was a verify URL: nothing to ask by.
    if (kept === null) return settle(sid, every)
    const age = now() - kept.checkedAt
    if (age < every) return settle(sid, every - age)
    // Of several replicas one asks; what it finds reaches the others by the store.
    if (!(await store.once(`vouched:${sid}:${kept.checkedAt}`, pause))) return settle(sid, pause)
    const answer = await verified(voucher, kept.token)
    if (answer === 'unknown' || answer === 'untold') return settle(sid, answer === 'untold' ? every : pause)
    const change = await changeOf(session, answer)
    return change === null ? keep(sid, answer?.token ?? kept.token, every) : end(session, change)
  }

  /** Why a person is no longer the one who signed in; `null` if nothing that matters changed. */
  async function changeOf({ identity }: Session, answer: Vouched | null): Promise<string | null> {
    if (answer === null) return 'the API says no'
    const now = await standings.applied(answer.identity)
    if (identity?.userId !== now.userId) return 'the token stands for somebody else'
    const [before, after] = [rolesOf(identity), rolesOf(now)].map((roles) => [...roles].sort().join('\n'))
    return before === after ? null : 'other roles'
  }

  async function verified(voucher: Voucher, token: string): Promise<Vouched | null | 'untold' | 'unknown'> {
    try {
      return await voucher.verify(token, AbortSignal.timeout(askPatience))
    } catch (error) {
      unavailable(voucher, error)
      return 'unknown'
    }
  }

  function unavailable({ name }: Voucher, error: unknown): void {
    log.write('warn', 'voucher_unavailable', { name, reason: error instanceof Error ? error.message : '' })
  }

  function settle(sid: string, after: number): true {
    plan(sid, now() + after)
    return true
  }

  function ask(session: Session, asked: Asked): Promise<boolean> {
    const { sid } = session
    let under = asking.get(sid)
    if (under === undefined) {
      under = check(session, asked).finally(() => asking.delete(sid))
      asking.set(sid, under)
    }
    return under
  }

  /** What could not be asked for want of the store changes nothing: whoever needs the store will say so. */
  const askAnyhow = (session: Session, asked: Asked): Promise<boolean> =>
    ask(session, asked).catch((error: unknown) => {
      unavailable(asked.voucher, error)
      return settle(session.sid, retryAfter)
    })

  const isDue = ({ sid }: Session): boolean => now() >= (due.get(sid) ?? 0)

  return {
    async signedIn(session, token) {
      const asked = voucherOf(session)
      return token === null || asked === undefined ? true : keep(session.sid, token, asked.every)
    },

    async tokenOf({ sid }) {
      return readKept(await state.get(scopeOf(sid), 'token'))?.token ?? null
    },

    used(session) {
      const asked = voucherOf(session)
      if (asked !== undefined && isDue(session)) void askAnyhow(session, asked)
    },

    async restored(session) {
      const asked = voucherOf(session)
      if (asked === undefined || !isDue(session)) return true
      return Promise.race([askAnyhow(session, asked), after(restorePatience)])
    },
  }
}

type Asked = VouchingOptions['vouchers'][number]

function readKept(value: Json): Kept | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null
  const { token, checkedAt } = value as { readonly [name: string]: Json }
  return typeof token === 'string' && typeof checkedAt === 'number' ? { token, checkedAt } : null
}

function after(milliseconds: number): Promise<true> {
  return new Promise((resolve) => setTimeout(() => resolve(true), milliseconds).unref())
}
