/** A gateway with somebody signed in, and every header that could say who they are, in every spelling. */
import { expect } from 'vitest'
import { type Harness, startHarness } from '../gateway/harness.ts'
import { anna, ben } from '../gateway/people.ts'
import { rawExchange } from '../gateway/raw-client.ts'
import type { RecordingUpstream, SeenRequest } from '../gateway/recording-upstream.ts'

export const gateway: Harness = await startHarness()
export const upstream: RecordingUpstream = gateway.upstream
export const port: number = gateway.port
export const annas: string = await gateway.sessionOf(anna)
export const bens: string = await gateway.sessionOf(ben)

export const ours: readonly string[] = [
  'X-Forwarded-User',
  'X-Forwarded-Email',
  'X-Forwarded-Groups',
  'X-Forwarded-Preferred-Username',
  'X-Forwarded-For',
  'X-Forwarded-Proto',
  'X-Forwarded-Host',
]
const others = [
  'X-Streamlit-User',
  'X-Auth-Request-User',
  'X-Authenticated-User',
  'X-Remote-User',
  'Remote-User',
  'X-User',
  'X-User-Id',
  'X-Userinfo',
  'X-WebAuth-User',
  'X-Email',
  'X-Groups',
  'X-Roles',
  'X-Real-IP',
  'True-Client-IP',
  'CF-Connecting-IP',
  'Cf-Access-Authenticated-User-Email',
  'Cf-Access-Jwt-Assertion',
  'X-Goog-Authenticated-User-Email',
  'X-Goog-Iap-Jwt-Assertion',
  'X-Amzn-Oidc-Identity',
  'X-Amzn-Oidc-Data',
  'X-Ms-Client-Principal-Name',
  'X-Pomerium-Jwt-Assertion',
  'X-Authentik-Username',
  'Tailscale-User-Login',
  'Sf-Context-Current-User',
  'X-Sp-UserId',
  'Shiny-Server-Credentials',
  'Posit-Connect-User-Session-Token',
  'RStudio-Connect-Credentials',
  'X-Consumer-Username',
  'X-Credential-Identifier',
  'X-Ssl-Client-S-Dn',
  'Ssl-Client-Cert',
  'Forwarded',
  'X-Original-URL',
  'X-Rewrite-Url',
  'X-Middleware-Subrequest',
  'X-Scheme',
  'Front-End-Https',
  'Proxy',
  'Holdfast-Session',
  'Holdfast-Tab',
]

/** Every way of writing `_` for some of the `-` in a name, and some changes of case. */
export function spellings(name: string): string[] {
  const parts = name.split('-')
  const all: string[] = []
  for (let mask = 0; mask < 2 ** (parts.length - 1); mask++) {
    const spelt = parts.reduce((text, part, i) => `${text}${(mask >> (i - 1)) & 1 ? '_' : '-'}${part}`)
    all.push(spelt, spelt.toLowerCase(), spelt.toUpperCase())
  }
  // Tokens may hold these, and some servers fold them too.
  all.push(
    name.replaceAll('-', '.'),
    name.replaceAll('-', '~'),
    name.replaceAll('-', '--'),
    name.replaceAll('-', '__'),
  )
  return [...new Set(all)]
}

export const hostileLines: readonly string[] = [...ours, ...others].flatMap((name) =>
  spellings(name).map((spelt) => `${spelt}: evil-${spelt}`),
)

/** What the app would believe: names folded as WSGI folds them. */
export function folded(seen: SeenRequest): Map<string, string[]> {
  const map = new Map<string, string[]>()
  for (let i = 0; i < seen.rawHeaders.length; i += 2) {
    const name = (seen.rawHeaders[i] ?? '').toUpperCase().replace(/[^A-Z0-9]+/g, '_')
    map.set(name, [...(map.get(name) ?? []), seen.rawHeaders[i + 1] ?? ''])
  }
  return map
}

/** What the app is sent with these lines, by whoever has this cookie. */
export async function seenWith(lines: readonly string[], cookie: string = annas): Promise<SeenRequest> {
  upstream.forget()
  const { answers } = await rawExchange(
    port,
    gateway.request('GET /', [...lines, `Cookie: ${cookie}`, 'Connection: close']),
  )
  expect(answers[0]?.status).toBe(200)
  expect(upstream.requests).toHaveLength(1)
  return upstream.requests[0] as SeenRequest
}
