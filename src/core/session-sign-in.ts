/** From a sign-in that was checked to the session it begins: all of it, or nothing that stays. */
import type { Beginning } from './beginning.ts'
import type { Identity, SessionStore, StoredSession } from './contracts.ts'
import { random } from './crypto.ts'
import { StoreError } from './errors.ts'
import type { EventListener } from './events.ts'
import type { Keyring } from './keyring.ts'
import { limitsFor } from './lasting.ts'
import { newSession } from './new-session.ts'
import type { Orphans } from './orphans.ts'
import type { Policy } from './policy.ts'
import { sessionRecord } from './record.ts'
import type { Session } from './session.ts'
import type { SessionLimit } from './session-limit.ts'
import type { Issued, SignIn } from './sign-in.ts'
import type { TokenMint } from './token.ts'
import { leaveTombstone } from './tombstone.ts'

export interface SessionSignInOptions {
  readonly store: SessionStore
  readonly keyring: Keyring
  readonly mint: TokenMint
  readonly policy: Policy
  readonly app: string
  readonly beginnings: Beginning
  readonly orphans: Orphans
  readonly pseudonym: (who: Identity) => string
  /** Told the data key of the new session. */
  readonly onOpened: (session: Session, dataKey: Uint8Array) => void
  /** Takes the work of an anonymous session along. */
  readonly carryOver: (from: Session, to: Session) => Promise<void>
  readonly emit: EventListener
  readonly now: () => number
}

/** `null`: a revocation came since the sign-in began; `full`: its user has no room for one more. */
export type SessionSignIn = (request: SignIn, limit?: SessionLimit | null) => Promise<Issued | 'full' | null>

export function sessionSignIn(options: SessionSignInOptions): SessionSignIn {
  const { store, keyring, mint, policy, app, beginnings, orphans, now } = options

  /** Whether what another system issued was issued before a revocation here, as well as clocks can tell. */
  async function isOutdated(user: string, issuedAt: number | undefined): Promise<boolean> {
    return issuedAt !== undefined && issuedAt <= (await store.mark(user)).revokedAt
  }

  async function retire(session: Session): Promise<void> {
    if (session.version === 0) await leaveTombstone({ store, keyring, beginnings }, session)
    await store.end(session.sid)
  }

  async function replace(replaced: Session, session: Session): Promise<void> {
    if (replaced.identity === null) await options.carryOver(replaced, session)
    await retire(replaced)
  }

  async function create(
    record: StoredSession,
    limit: SessionLimit | undefined,
  ): Promise<'created' | 'full' | null> {
    const creation = await store.create(record, limit)
    if (creation === 'ended')
      throw new StoreError('ERR_STORE_CORRUPT', 'A new random id is already in the store.')
    if (creation !== 'revoked') return creation
    beginnings.forget()
    await beginnings.now()
    return null
  }

  return async ({ replaces, identity, ...more }, limit = null) => {
    const user = options.pseudonym(identity)
    if (await isOutdated(user, more.issuedAt)) return null
    const who = { ...more, app, identity, user, limits: limitsFor(policy, true, more.remember) }
    const { session, token } = newSession(mint, who, now())
    const dataKey = random(32)
    const record = sessionRecord(keyring, session, token.secret, dataKey)
    const within = limit === null ? undefined : { ...limit, replacing: replaces?.sid ?? null }
    if (limit !== null) await orphans.endOf(user)
    try {
      const created = await create(record, within)
      if (created !== 'created') return created
      options.onOpened(session, dataKey)
      if (replaces !== null) await replace(replaces, session)
    } catch (error) {
      // Nobody is given its credential: what is left of it would take room, or push out one that somebody holds.
      orphans.unsure(record)
      throw error
    }
    options.emit({ event: 'session_created', sid: session.sid, userId: identity.userId })
    return { session, credential: mint.write(token) }
  }
}
