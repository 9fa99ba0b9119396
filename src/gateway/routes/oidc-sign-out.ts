/** Signing out where an identity provider has a part in it: it tells us, or we tell it. */
import type { LogoutSubject } from '../../auth/logout-token.ts'
import type { OidcProvider } from '../../auth/oidc-provider.ts'
import { readTicket } from '../../auth/provider-ticket.ts'
import type { Session } from '../../core/session.ts'
import { ownPath } from '../../pages/own-path.ts'
import type { SignInReason } from '../../pages/sign-in.ts'
import type { GatewayParts } from '../parts.ts'

// Given back with the browser (OpenID Connect RP-Initiated Logout 1.0 §2): the page to return to is registered without a query.
export const signedOutState: SignInReason = 'signed-out'

/** Ends the sessions of a person, or those that came from one session at the provider. Acknowledged as by `end`. */
export async function providerSignedOut(
  parts: GatewayParts,
  provider: Pick<OidcProvider, 'name'>,
  { userId, providerSid, issuedAt }: LogoutSubject,
): Promise<void> {
  const authenticator = provider.name
  if (providerSid === null)
    return userId === null ? undefined : parts.sessions.revokeUser({ authenticator, userId })
  // First: a sign-in that keeps its token too late to be found below looks for this afterwards.
  await parts.people.providerEndings.note(authenticator, providerSid, issuedAt)
  for (const sessions of [parts.sessions, parts.adminSessions]) {
    for await (const session of candidates(sessions, authenticator, userId)) {
      const token = await parts.people.vouching.tokenOf(session)
      if (token !== null && readTicket(token)?.providerSid === providerSid) await sessions.end(session.sid)
    }
  }
}

async function* candidates(
  sessions: GatewayParts['adminSessions'],
  authenticator: string,
  userId: string | null,
): AsyncIterable<Session> {
  if (userId !== null) return yield* await sessions.listUser({ authenticator, userId })
  // The specification lets a provider name its own session alone; that is found by looking.
  for await (const session of sessions.listAll())
    if (session.identity?.authenticator === authenticator) yield session
}

/**
 * Where the browser signs out of the provider too (OpenID Connect RP-Initiated Logout 1.0), which sends it back to our
 * sign-in page; `null` where there is no such place. A provider that cannot be asked keeps nobody from signing out here.
 */
export async function providerSignOut(parts: GatewayParts, session: Session): Promise<string | null> {
  const { people, site, log } = parts
  const choice = people.providers.find(({ provider }) => provider.name === session.identity?.authenticator)
  if (choice === undefined) return null
  try {
    const token = await people.vouching.tokenOf(session)
    const back = `${site.origin}${ownPath(site.base, 'sign-in')}`
    return token === null
      ? null
      : ((await choice.provider.signOutUrl(token, back, signedOutState))?.href ?? null)
  } catch (error) {
    log.write('warn', 'provider_not_told', { reason: error instanceof Error ? error.message : '' })
    return null
  }
}
