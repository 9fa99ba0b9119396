/** Asks a login API again about those it vouched for, for as long as they are signed in. */
import type { LoginApi, Vouched } from '../auth/login-api.ts'
import type { CredentialsAuthenticator, Identity, Json, SessionStore, StateScope } from '../core/contracts.ts'
import type { SessionManager } from '../core/manager.ts'
import type { SealedState } from '../core/sealed-state.ts'
import { rolesOf, type Session } from '../core/session.ts'
import type { Log } from './log.ts'

export interface VouchingOptions {
  readonly api: LoginApi
  readonly store: SessionStore
  readonly sessions: SessionManager
  /** Where tokens are kept, sealed; they die with their session. */
  readonly state: SealedState
  /** The app's name: apps that share a store do not mix. */
  readonly app: string
  /** How often somebody is asked about, in milliseconds. */
  readonly every: number
  readonly log: Log
  readonly now: () => number
}

export interface Vouching {
  readonly authenticator: CredentialsAuthenticator
  /**
   * Keeps the token of who has just signed in. `false`: the session has ended. Rejects with `StoreError`: then it must
   * end, for nobody could ask about it again.
   */
  signedIn(session: Session): Promise<boolean>
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
  const { api, store, sessions, state, every, now, log } = options
  // Between the check of a password and the session that follows from it.
  const tokens = new WeakMap<Identity, string>()
  // When each session in use here is to be asked about next.
  const due = new Map<string, number>()
  const pause = Math.min(every, retryAfter)
  const asking = new Map<string, Promise<boolean>>()

  const scopeOf = (sid: string): StateScope => ({ sid, name: `login-api:${options.app}` })
  const isOurs = (session: Session): boolean => session.identity?.authenticator === api.name

  const plan = (sid: string, at: number): void => {
    if (due.size >= mostKnown) due.clear()
    due.set(sid, at)
  }

  async function keep(sid: string, token: string): Promise<boolean> {
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
  async function check(session: Session): Promise<boolean> {
    const { sid } = session
    const kept = readKept(await state.get(scopeOf(sid), 'token'))
    // Signed in without a token, or before there was a verify URL: nothing to ask by.
    if (kept === null) return settle(sid, every)
    const age = now() - kept.checkedAt
    if (age < every) return settle(sid, every - age)
    // Of several replicas one asks; what it finds reaches the others by the store.
    if (!(await store.once(`login-api:${sid}:${kept.checkedAt}`, pause))) return settle(sid, pause)
    const answer = await verified(kept.token)
    if (answer === 'unknown') return settle(sid, pause)
    const change = changeOf(session, answer)
    return change === null ? keep(sid, answer?.token ?? kept.token) : end(session, change)
  }

  async function verified(token: string): Promise<Vouched | null | 'unknown'> {
    try {
      return await api.verify(token, AbortSignal.timeout(askPatience))
    } catch (error) {
      log.write('warn', 'login_api_unavailable', { reason: error instanceof Error ? error.message : '' })
      return 'unknown'
    }
  }

  function settle(sid: string, after: number): true {
    plan(sid, now() + after)
    return true
  }

  function ask(session: Session): Promise<boolean> {
    const { sid } = session
    let under = asking.get(sid)
    if (under === undefined) {
      under = check(session).finally(() => asking.delete(sid))
      asking.set(sid, under)
    }
    return under
  }

  /** What could not be asked for want of the store changes nothing: whoever needs the store will say so. */
  const asked = (session: Session): Promise<boolean> =>
    ask(session).catch((error: unknown) => {
      log.write('warn', 'login_api_unavailable', { reason: error instanceof Error ? error.message : '' })
      return settle(session.sid, retryAfter)
    })

  return {
    authenticator: {
      kind: 'credentials',
      name: api.name,
      async verify(username, password, signal) {
        const vouched = await api.signIn(username, password, signal)
        if (vouched === null) return null
        if (vouched.token !== null) tokens.set(vouched.identity, vouched.token)
        return vouched.identity
      },
    },

    async signedIn(session) {
      const token = session.identity === null ? undefined : tokens.get(session.identity)
      return token === undefined || !api.verifies || !isOurs(session) ? true : keep(session.sid, token)
    },

    used(session) {
      if (!api.verifies || !isOurs(session)) return
      if (now() >= (due.get(session.sid) ?? 0)) void asked(session)
    },

    async restored(session) {
      if (!api.verifies || !isOurs(session) || now() < (due.get(session.sid) ?? 0)) return true
      return Promise.race([asked(session), after(restorePatience)])
    },
  }
}

/** Why a person is no longer the one who signed in; `null` if nothing that matters changed. */
function changeOf({ identity }: Session, answer: Vouched | null): string | null {
  if (answer === null) return 'the API says no'
  const { identity: now } = answer
  if (identity?.userId !== now.userId) return 'the token stands for somebody else'
  const [before, after] = [rolesOf(identity), rolesOf(now)].map((roles) => [...roles].sort().join('\n'))
  return before === after ? null : 'other roles'
}

function readKept(value: Json): Kept | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null
  const { token, checkedAt } = value as { readonly [name: string]: Json }
  return typeof token === 'string' && typeof checkedAt === 'number' ? { token, checkedAt } : null
}

function after(milliseconds: number): Promise<true> {
  return new Promise((resolve) => setTimeout(() => resolve(true), milliseconds).unref())
}
