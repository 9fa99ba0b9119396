/**
 * A sign-in whose password was right, on its way to its second factor. The browser holds a sealed ticket that names it, and no
 * more: what a session is begun with, an API's token among it, stays in the store, sealed.
 */

import { type Pending, pendingOf, withPending } from '../auth/factor-record.ts'
import { type CookieOptions, cookieTransport } from '../core/cookie.ts'
import { fromBase64url, fromUtf8, open, random, seal, toBase64url, toUtf8 } from '../core/crypto.ts'
import { readFormCookie } from '../core/form-cookie.ts'
import type { Factors } from './factors.ts'
import type { PendingSignIn } from './pending-sign-in.ts'
import type { Account } from './standing.ts'

/** One that this browser may end. */
export interface FactorSignIn {
  readonly who: Account
  readonly mark: string
  readonly binding: string
}

export interface FactorSignIns {
  /** Keeps it for the browser that holds `binding`; the Set-Cookie line of its ticket. */
  begin(waiting: PendingSignIn, binding: string): Promise<string>
  /** The one whose ticket this browser sends; `null` if it sends none that counts. */
  find(cookieHeader: string | undefined): FactorSignIn | null
  /** What is kept of it; `null` if it is over. */
  read(pending: FactorSignIn): Promise<PendingSignIn | null>
  /** The Set-Cookie line that removes the ticket. */
  remove(): string
}

export interface FactorSignInsOptions extends CookieOptions {
  readonly key: Uint8Array
  readonly factors: Pick<Factors, 'of' | 'change'>
  readonly formCookieName: string
  readonly now: () => number
}

// Long enough to find the telephone; a revocation since the password wins whenever it comes.
const lifetime = 5 * 60_000

export function factorSignIns(options: FactorSignInsOptions): FactorSignIns {
  const { key, factors, formCookieName, now } = options
  // Lax: who comes back from an identity provider comes by a navigation from another site.
  const cookie = cookieTransport({ ...options, sameSite: 'lax' }, 'factor')
  const purpose = `pending/v1|${cookie.name}`

  return {
    async begin(waiting, binding) {
      const { authenticator, userId } = waiting.identity
      const who = { authenticator, userId }
      const at = now()
      const mark = toBase64url(random(16))
      const pending: Pending = { mark, until: at + lifetime, start: JSON.stringify(waiting) }
      await factors.change(who, (record) => withPending(record, pending, at))
      const ticket = JSON.stringify({ who, mark, binding })
      const value = toBase64url(seal(key, toUtf8(ticket), purpose))
      return cookie.write(value, lifetime / 1000)
    },

    find(cookieHeader) {
      const value = cookie.read(cookieHeader)
      const box = value === null ? null : fromBase64url(value)
      const plain = box === null ? null : open(key, box, purpose)
      if (plain === null) return null
      const pending = JSON.parse(fromUtf8(plain)) as FactorSignIn
      return pending.binding === readFormCookie(cookieHeader, formCookieName) ? pending : null
    },

    async read({ who, mark }) {
      const pending = pendingOf(await factors.of(who), mark, now())
      return pending === null ? null : readPending(pending.start)
    },

    remove: () => cookie.clear(),
  }
}

/** What `begin` kept. */
export function readPending(text: string): PendingSignIn {
  return JSON.parse(text) as PendingSignIn
}
