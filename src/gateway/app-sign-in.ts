/** Signing in and out by the app's own form, for a page of the app that said who was in front of it. */
import type { JsonObject } from '../core/contracts.ts'
import type { SessionManager } from '../core/manager.ts'
import { streamlitUser } from './apps/streamlit-user.ts'
import type { PagePass } from './page-pass.ts'
import type { GatewayParts } from './parts.ts'
import { checkPassword, unavailable } from './password-check.ts'
import type { SignedInByForm, SignInTickets } from './sign-in-tickets.ts'

export type AppSignInParts = Pick<
  GatewayParts,
  'people' | 'standings' | 'factors' | 'signInGate' | 'site' | 'onEvent' | 'log' | 'now'
> & { readonly signInTickets: SignInTickets; readonly sessions: Pick<SessionManager, 'begin'> }

/** What somebody typed into the app's form. */
export interface AppForm {
  readonly username: string
  readonly password: string
  readonly remember: boolean
}

/**
 * `signed-in`: they are who they say; `ticket` makes their browser's session, and goes to their page alone. `factor-needed`:
 * the password is right and is not enough, so they must sign in at our page. `gone`: the page's session has ended.
 */
export type AppSignIn =
  | { readonly outcome: 'signed-in'; readonly user: JsonObject; readonly ticket: string }
  | { readonly outcome: 'credentials' | 'unavailable' | 'factor-needed' | 'gone' }
  | { readonly outcome: 'throttled'; readonly seconds: number }

/** Checks as our sign-in page does, with the same counters, by the address that the page's socket came from. */
export async function appSignIn(parts: AppSignInParts, pass: PagePass, form: AppForm): Promise<AppSignIn> {
  const { address } = pass
  const { username, password, remember } = form
  try {
    const begun = await parts.sessions.begin()
    const check = await checkPassword(parts, { username, password, address })
    if (check.kind === 'throttled') return { outcome: 'throttled', seconds: check.seconds }
    if (check.kind === 'unavailable') return { outcome: 'unavailable' }
    if (check.kind !== 'known') return refused(parts, address)
    const { disabled } = await parts.standings.of(check.identity)
    // Whoever is kept out is told no more than who mistyped.
    if (disabled) return refused(parts, address)
    if ((await parts.factors.asks(check.identity)) !== null) return { outcome: 'factor-needed' }
    const identity = await parts.standings.applied(check.identity)
    const token = parts.people.tokenOf(check.identity)
    return await welcomed(parts, pass, { identity, token, remember, begun })
  } catch (error) {
    return { outcome: unavailable(parts, error).kind }
  }
}

/** Somebody of whom nothing more is to be asked, with a ticket for their page. */
export async function welcomed(
  parts: AppSignInParts,
  pass: PagePass,
  start: SignedInByForm,
): Promise<AppSignIn> {
  try {
    const ticket = await parts.signInTickets.issue(pass, start)
    if (ticket === null) return { outcome: 'gone' }
    return { outcome: 'signed-in', user: streamlitUser(parts.site.origin, start.identity), ticket }
  } catch (error) {
    return { outcome: unavailable(parts, error).kind }
  }
}

function refused({ onEvent }: AppSignInParts, address: string): AppSignIn {
  onEvent({ event: 'sign_in_failed', address })
  return { outcome: 'credentials' }
}
