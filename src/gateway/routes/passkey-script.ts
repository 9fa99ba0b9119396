/** What our pages need for the button that asks a device for a passkey. */
import { requestOptions } from '../../auth/passkeys.ts'
import { holdfastPath } from '../../core/protocol.ts'
import type { GatewayParts } from '../parts.ts'

/** Where the script is. */
export function scriptPath({ site, passkeyScript }: Pick<GatewayParts, 'site' | 'passkeyScript'>): string {
  return `${site.base}${holdfastPath}${passkeyScript.name}?v=${passkeyScript.version}`
}

/** What the sign-in page's button asks; `null` where nobody can sign in so: only the users file knows people by itself. */
export function passkeyAsk({ factors, people }: GatewayParts, binding: string): object | null {
  if (factors.site === null || people.setPassword === null) return null
  return requestOptions(factors.site, [], factors.challenges.issue('sign-in', binding))
}
