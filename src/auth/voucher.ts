/** What goes on vouching for somebody after they have signed in. */
import type { Identity } from '../core/contracts.ts'

/** Who somebody is, and what to ask by the next time; `null` if nothing can be asked. Opaque to everybody else. */
export interface Vouched {
  readonly identity: Identity
  readonly token: string | null
  /** When they last showed who they are, where it is not just now; 0 where nobody says. */
  readonly authenticatedAt?: number
  /** When they showed a second factor; 0 where nobody says when. Left out where they showed none that is to be trusted. */
  readonly factorAt?: number
}

/** Asked again, from time to time, about those it vouched for. */
export interface Voucher {
  /** The `authenticator` of the identities it vouches for. */
  readonly name: string
  /**
   * Who the token stands for now; `null` if it does not any more: they must be out. `untold`: this token cannot be asked
   * by. Rejects with `AuthError` when it cannot tell.
   */
  verify(token: string, signal: AbortSignal): Promise<Vouched | null | 'untold'>
}
