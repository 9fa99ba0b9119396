/** The logout tokens of identity providers that were acted upon: each counts once, and only once it has worked. */
import type { Json, StateScope } from '../core/contracts.ts'
import { digest } from '../core/crypto.ts'
import type { SealedState } from '../core/sealed-state.ts'

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

/** What is kept of a token: its image, and until when. */
type Heard = readonly [token: string, until: number]

// Far longer than a token is believed, whatever the clocks of the replicas.
const lifetime = 15 * 60_000
// Of an image: so many shelves that those who sign out at once rarely meet at one, so few that they may stay for ever.
const shelfLetters = 2

export function heardLogouts({ state, app, now }: HeardLogoutsOptions): HeardLogouts {
  return {
    async once(provider, jti, work) {
      const scope: StateScope = { sid: null, name: `heard-logouts:${app}` }
      const token = digest(JSON.stringify([provider, jti]))
      const shelf = token.slice(0, shelfLetters)
      // SECURITY: what was done is not done again: of a replay only those would notice who have signed in since.
      if (kept(await state.get(scope, shelf), now()).some(([one]) => one === token)) return
      // Noted after the work: a token noted before it, and never acted upon, would be acknowledged when it is sent again.
      await work()
      await state.change(scope, shelf, (value) => [...kept(value, now()), [token, now() + lifetime]])
    },
  }
}

function kept(value: Json, at: number): readonly Heard[] {
  if (!Array.isArray(value)) return []
  return (value as readonly Json[]).filter((one): one is [string, number] => isHeard(one) && at < one[1])
}

function isHeard(value: Json): value is [string, number] {
  return Array.isArray(value) && typeof value[0] === 'string' && typeof value[1] === 'number'
}
