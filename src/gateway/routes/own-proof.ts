/** Showing anew that one is who is signed in: what every change on a page of ours asks for. */
import { hasFactor } from '../../auth/factor-record.ts'
import type { Identity } from '../../core/contracts.ts'
import type { Session } from '../../core/session.ts'
import { type OwnPage, ownPath } from '../../pages/own-path.ts'
import type { GatewayParts } from '../parts.ts'
import { checkPassword } from '../password-check.ts'
import type { Visit } from '../visit.ts'

/** A session that somebody is signed in with. */
export type SignedIn = Session & { readonly identity: Identity }

/** Why it is not shown; `stale`: they were at their provider too long ago. */
export type ProofFault =
  | { readonly kind: 'wrong-password' | 'unavailable' | 'stale' }
  | { readonly kind: 'throttled'; readonly seconds: number }

// Long enough to come back from the provider and press a button; too short to be found open.
const freshFor = 5 * 60_000

/**
 * Why it is not shown that they are who they are; `null` if it is. SECURITY: our pages share their origin with the app's
 * scripts, so that being signed in is not enough.
 */
export async function proofOf(
  parts: GatewayParts,
  visit: Visit,
  { identity, authenticatedAt }: SignedIn,
  password: string,
): Promise<ProofFault | null> {
  if (!hasPassword(parts, identity)) return isFresh(parts, authenticatedAt) ? null : { kind: 'stale' }
  const check = await checkPassword(parts, {
    ...{ username: signInName(identity), password },
    address: visit.address,
  })
  if (check.kind === 'known')
    return check.identity.userId === identity.userId ? null : { kind: 'wrong-password' }
  return check.kind === 'throttled'
    ? check
    : { kind: check.kind === 'unavailable' ? check.kind : 'wrong-password' }
}

/**
 * As `proofOf`, for what changes how they sign in: who has a second factor must have shown it a moment ago, whatever else they
 * know; a password alone would let who stole it take the factor away. `null` for a password that was checked already.
 */
export async function factorProofOf(
  parts: GatewayParts,
  visit: Visit,
  mine: SignedIn,
  password: string | null,
): Promise<ProofFault | null> {
  if (!hasFactor(await parts.factors.of(mine.identity)))
    return password === null ? null : proofOf(parts, visit, mine, password)
  return isFresh(parts, mine.factorAt) ? null : { kind: 'stale' }
}

/** Whether they showed who they are a moment ago. */
export function isFresh({ now }: Pick<GatewayParts, 'now'>, authenticatedAt: number | null): boolean {
  return authenticatedAt !== null && now() - authenticatedAt < freshFor
}

/** Where they show it, and come back from to a page of ours. */
export function stepUpPath({ site }: Pick<GatewayParts, 'site'>, back: OwnPage): string {
  return `${ownPath(site.base, 'step-up')}?return_to=${encodeURIComponent(ownPath(site.base, back))}`
}

/** What they type at the sign-in page: an API may know them by a number. */
export function signInName({ userId, claims }: Identity): string {
  return typeof claims.preferred_username === 'string' ? claims.preferred_username : userId
}

/** Whether it is a password of ours that they signed in with. */
export function hasPassword({ people }: Pick<GatewayParts, 'people'>, { authenticator }: Identity): boolean {
  return authenticator === people.authenticator?.name
}
