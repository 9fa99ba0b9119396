/**
 * Sessions at identity providers that were said to be over. A sign-in that rests on one may be under way meanwhile, for minutes
 * where its person is asked something more, and has no session yet that could be found and ended: it finds the word here.
 */
import { readTicket } from '../auth/provider-ticket.ts'
import type { SealedState } from '../core/sealed-state.ts'
import { shelvedNotes } from './shelved-notes.ts'

/** Both reject with `StoreError` when the store cannot tell. */
export interface ProviderEndings {
  /**
   * Notes that this session of the authenticator's was over at `at`, in seconds of the provider's clock. To be called before
   * sessions that came of it are looked for.
   */
  note(authenticator: string, providerSid: string, at: number): Promise<void>
  /**
   * Whether the sign-in that this token was given for rests on a session that was over no sooner than the provider vouched for
   * it. To be called once the token is kept with the new session: of two that write first and look then, one sees the other.
   */
  covers(authenticator: string, token: string): Promise<boolean>
}

export interface ProviderEndingsOptions {
  readonly state: SealedState
  /** The app's name: apps that share a store do not mix. */
  readonly app: string
  readonly now: () => number
}

// Longer than a sign-in may be under way: a second factor, which session shall end, and both again where a factor was added
// meanwhile, five minutes each; and the clocks of the replicas.
const lifetime = 30 * 60_000

export function providerEndings({ state, app, now }: ProviderEndingsOptions): ProviderEndings {
  const notes = shelvedNotes({ state, name: `provider-endings:${app}`, lifetime, now })
  return {
    note: (authenticator, providerSid, at) => notes.write([authenticator, providerSid], at),

    async covers(authenticator, token) {
      const ticket = readTicket(token)
      if (ticket === null || ticket.providerSid === null) return false
      const over = await notes.read([authenticator, ticket.providerSid])
      // SECURITY: both are whole seconds: what came within the same one may have come first. A provider that lets somebody in
      // again does so later, or in another session.
      return over !== null && (ticket.issuedAt === null || ticket.issuedAt <= over)
    },
  }
}
