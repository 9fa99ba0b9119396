/** What a provider says when somebody is out there (OpenID Connect Back-Channel Logout 1.0), as it says it. */
import { SignJWT } from 'jose'
import type { ForgingProvider } from './forging-provider.ts'
import type { Harness } from './harness.ts'
import { fetchFrom } from './loopback.ts'

/** A logout token of a provider, good unless `other` claims make it something else. */
export function logoutToken(
  { issuer, key }: Pick<ForgingProvider, 'issuer' | 'key'>,
  other: Readonly<Record<string, unknown>> = {},
  kid = 'one',
): Promise<string> {
  const at = Math.floor(Date.now() / 1000)
  return new SignJWT({
    ...{ iss: issuer.origin, aud: 'kelp', sub: 'ada', iat: at, exp: at + 60, jti: 'one' },
    events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
    ...other,
  })
    .setProtectedHeader({ alg: 'RS256', kid, typ: 'logout+jwt' })
    .sign(key)
}

/** Tells the gateway, as the provider named `kelp`; the status of its answer. */
export async function tell({ port, host }: Harness, token: string): Promise<number> {
  const { status } = await fetchFrom(port, '/_holdfast/oidc/kelp/backchannel', {
    method: 'POST',
    headers: { host, 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ logout_token: token }).toString(),
  })
  return status
}
