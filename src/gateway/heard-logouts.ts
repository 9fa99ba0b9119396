/** The logout tokens of identity providers that were acted upon: each counts once, and only once it has worked. */
import type { SealedState } from '../core/sealed-state.ts'
import { shelvedNotes } from './shelved-notes.ts'

export interface HeardLogouts {
  /**
   * Does the work unless it was done for this token before, on whatever replica. Rejects as the work does, or with
   * `StoreError`: then the token is still to be acted upon, and whoever sent it is to send it again.
   */
  once(provider: string, jti: string, work: () => Promise<void>): Promise<void>
}

export interface HeardLogoutsOptions {
  readonly state: SealedState
  /** The app's name: apps that share a store may know a provider by the same name. */
  readonly app: string
  readonly now: () => number
}

// Far longer than a token is believed, whatever the clocks of the replicas.
const lifetime = 15 * 60_000

export function heardLogouts({ state, app, now }: HeardLogoutsOptions): HeardLogouts {
  const notes = shelvedNotes({ state, name: `heard-logouts:${app}`, lifetime, now })
  return {
    async once(provider, jti, work) {
      // SECURITY: what was done is not done again: of a replay only those would notice who have signed in since.
      if ((await notes.read([provider, jti])) !== null) return
      // Noted after the work: a token noted before it, and never acted upon, would be acknowledged when it is sent again.
      await work()
      await notes.write([provider, jti], now())
    },
  }
}
