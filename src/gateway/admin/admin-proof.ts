/** How an admin shows anew who they are, on the admin listener. */
import type { AccountProof } from '../../pages/account.ts'
import { ownPath } from '../../pages/own-path.ts'
import type { GatewayParts } from '../parts.ts'
import { isFresh, type SignedIn } from '../routes/own-proof.ts'
import type { Visit } from '../visit.ts'

/** By their password, or by going to their provider and coming back to this very page. */
export function adminProof(
  parts: GatewayParts,
  { target }: Visit,
  { identity, authenticatedAt }: SignedIn,
): AccountProof {
  const choice = parts.people.providers.find(({ provider }) => provider.name === identity.authenticator)
  if (choice === undefined) return { kind: 'password' }
  const back = encodeURIComponent(target.path + target.query)
  const href = `${ownPath(parts.site.base, `oidc/${choice.name}`)}?fresh=1&return_to=${back}`
  return { kind: 'provider', label: choice.label, href, fresh: isFresh(parts, authenticatedAt) }
}
