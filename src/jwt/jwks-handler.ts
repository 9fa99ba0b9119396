/** The JWKS endpoint: where other services learn the public keys. */
import type { JwtKeySet } from './jwt-key-set.ts'

// How long a verifier may go on without a new key: shorter than the pause between the steps of a rotation.
const freshFor = 300

/** A fetch handler that answers GET and HEAD with the public keys; secrets are never among them. */
export function jwksHandler(keys: JwtKeySet): (request: Request) => Response {
  const body = JSON.stringify(keys.published)
  const headers = {
    'Content-Type': 'application/jwk-set+json',
    'Cache-Control': `public, max-age=${freshFor}`,
    'X-Content-Type-Options': 'nosniff',
  }
  return ({ method }) => {
    if (method !== 'GET' && method !== 'HEAD')
      return new Response(null, { status: 405, headers: { Allow: 'GET, HEAD' } })
    return new Response(method === 'HEAD' ? null : body, { headers })
  }
}
