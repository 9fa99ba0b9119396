/**
 * How a sign-in that was typed into the app's own form reaches the browser: a ticket, once, within a minute, for the page
 * it was typed into. SECURITY: whoever planted the browser's anonymous cookie holds a copy of it, and may open any socket
 * with that. So a ticket needs the page's secret too, which only the page and the gateway know, and the session that the
 * page's cookie named. Nothing of it reaches another session: the entry lies in the one that it ends.
 */
import type { Vouched } from '../auth/voucher.ts'
import type { Identity, Json, SessionStore, StateScope } from '../core/contracts.ts'
import { digest, equal, random, toBase64url, toUtf8 } from '../core/crypto.ts'
import type { SealedState } from '../core/sealed-state.ts'
import type { Session } from '../core/session.ts'
import type { PagePass } from './page-pass.ts'
import { isPageSecret, pageImage } from './page-secret.ts'

/** Somebody whose password was checked. */
export interface SignedInByForm extends Pick<Vouched, 'identity' | 'token'> {
  readonly remember: boolean
  /** What `sessions.begin()` answered when checking began: a revocation since then wins. */
  readonly begun: number
}

export interface SignInTickets {
  /** A ticket for the page of this pass; `null` where its session has ended. A page's newest takes the place of others. */
  issue(pass: PagePass, start: SignedInByForm): Promise<string | null>
  /**
   * What a ticket is worth to the page that knows `secret`, in the session that its cookie named: once. `null`: nothing,
   * for it is none, is over, was used, or was given to another page.
   */
  redeem(session: Session | null, ticket: string, secret: string): Promise<SignedInByForm | null>
}

export interface SignInTicketsOptions {
  readonly store: SessionStore
  readonly state: SealedState
  readonly app: string
  readonly now: () => number
}

const lifetime = 60_000
const shape = /^[\w-]{43}$/

export function signInTickets({ store, state, app, now }: SignInTicketsOptions): SignInTickets {
  const scopeOf = (sid: string, page: string): StateScope => ({ sid, name: `sign-in:${app}:${page}` })

  return {
    async issue({ sid, page }, start) {
      const ticket = toBase64url(random(32))
      const entry = entryOf(start, digest(ticket), now() + lifetime)
      return (await state.set(scopeOf(sid, page), 'ticket', entry)) ? ticket : null
    },

    async redeem(session, ticket, secret) {
      if (session === null || !shape.test(ticket) || !isPageSecret(secret)) return null
      const entry = (await state.get(scopeOf(session.sid, pageImage(secret)), 'ticket')) as Entry | null
      if (entry === null || now() >= entry.until) return null
      if (!equal(toUtf8(entry.image), toUtf8(digest(ticket)))) return null
      // One for the session, not for the ticket: two tabs that submit at once make one session, not two.
      if (!(await store.once(`sign-in-ticket|${session.sid}`, lifetime))) return null
      return startOf(entry)
    },
  }
}

interface Entry {
  readonly image: string
  readonly until: number
  readonly identity: Identity
  readonly token: string | null
  readonly remember: boolean
  readonly begun: number
}

function entryOf({ identity, token, remember, begun }: SignedInByForm, image: string, until: number): Json {
  const { userId, authenticator, claims } = identity
  return { image, until, identity: { userId, authenticator, claims }, token, remember, begun }
}

function startOf({ identity, token, remember, begun }: Entry): SignedInByForm {
  return { identity, token, remember, begun }
}
