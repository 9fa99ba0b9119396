/** How an admin shows anew who they are, on the admin listener. */
import type { AdminProof } from '../../pages/admin-frame.ts'
import { ownPath } from '../../pages/own-path.ts'
import type { GatewayParts } from '../parts.ts'
import { factorProofOf, isFresh, type ProofFault, proofOf, type SignedIn } from '../routes/own-proof.ts'
import type { Visit } from '../visit.ts'

/** By their password after their second factor, or by going to their provider and coming back to this very page. */
export async function adminProof(parts: GatewayParts, visit: Visit, mine: SignedIn): Promise<AdminProof> {
  const { people, site } = parts
  const { identity, authenticatedAt } = mine
  const back = encodeURIComponent(visit.target.path + visit.target.query)
  const choice = people.providers.find(({ provider }) => provider.name === identity.authenticator)
  const fresh = isFresh(parts, authenticatedAt)
  // Who comes back from a provider is asked for the factor in any case: there first, and it is shown once.
  if ((choice === undefined || fresh) && (await factorProofOf(parts, visit, mine, null)) !== null)
    return { kind: 'factor', href: `${ownPath(site.base, 'step-up')}?return_to=${back}` }
  if (choice === undefined) return { kind: 'password' }
  const href = `${ownPath(site.base, `oidc/${choice.name}`)}?fresh=1&return_to=${back}`
  return { kind: 'provider', label: choice.label, href, fresh }
}

/**
 * Why an admin has not shown who they are; `null` if they have. SECURITY: what is changed here is other people's. So who has
 * a second factor shows both: it a moment ago, and the password each time, which whoever took the cookie does not know.
 */
export async function adminProofOf(
  parts: GatewayParts,
  visit: Visit,
  mine: SignedIn,
  password: string,
): Promise<ProofFault | null> {
  return (await factorProofOf(parts, visit, mine, null)) ?? proofOf(parts, visit, mine, password)
}
