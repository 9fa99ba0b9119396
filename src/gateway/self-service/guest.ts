/** Coming in without an account: each time as somebody new. */
import { clientNetwork } from '../../auth/client-network.ts'
import type { Identity } from '../../core/contracts.ts'
import { random, toBase64url } from '../../core/crypto.ts'
import type { GuestConfig } from '../config-self-service.ts'
import type { Log } from '../log.ts'
import { type Asking, unavailable } from './asking.ts'

export interface Guests {
  /** Somebody new, unless too many came from this address lately: each of them is a session to be kept. */
  welcome(
    address: string,
  ): Promise<
    | { readonly kind: 'guest'; readonly identity: Identity }
    | { readonly kind: 'unavailable' }
    | { readonly kind: 'throttled'; readonly seconds: number }
  >
}

const budget = { most: 60, seconds: 600 }

/** The name that vouches for guests. */
export const guestAuthenticator = 'guest'

export function guests({ roles }: GuestConfig, asking: Pick<Asking, 'within'>, log: Log): Guests {
  return {
    async welcome(address) {
      try {
        const seconds = await asking.within(['guest', clientNetwork(address)], budget)
        if (seconds !== null) return { kind: 'throttled', seconds }
      } catch (error) {
        return unavailable(log, error)
      }
      // A name that nobody has had, so that no guest finds what another left behind.
      const userId = `guest-${toBase64url(random(16))}`
      return {
        kind: 'guest',
        identity: { userId, authenticator: guestAuthenticator, claims: { guest: true, roles } },
      }
    },
  }
}
