/**
 * A sign-in at an identity provider under way, kept by the browser that began it: sealed in a cookie of its own, so that
 * another browser cannot end it, several tabs can each have one, and nothing is stored of those who never come back.
 */

import type { OidcFlow } from '../auth/oidc-provider.ts'
import { type CookieOptions, readCookie } from '../core/cookie.ts'
import { digest, fromBase64url, fromUtf8, open, random, seal, toBase64url, toUtf8 } from '../core/crypto.ts'

/** What the browser carries to the provider and back. */
export interface Flow extends OidcFlow {
  /** Which provider. */
  readonly provider: string
  /** Where to go afterwards, as `returnPath` gave it. */
  readonly returnTo: string
  readonly startedAt: number
}

export interface OidcFlows {
  /** A new one. */
  begin(provider: string, returnTo: string): Flow
  /** The Set-Cookie lines that keep it, and that remove the oldest of too many. */
  keep(flow: Flow, cookieHeader: string | undefined): readonly string[]
  /** The one that this browser began with this state, not too long ago; `null` if it has none. */
  find(state: string, provider: string, cookieHeader: string | undefined): Flow | null
  /** The Set-Cookie line that removes it. */
  remove(state: string): string
}

const lifetimeSeconds = 10 * 60
// Each tab that waits for its person to sign in there has one; more would fill the header.
const most = 5
// SECURITY: a sibling domain can plant as many as a header holds; of those more than this, the next sign-ins remove some each.
const mostRead = 16

export function oidcFlows(key: Uint8Array, options: CookieOptions, now: () => number): OidcFlows {
  const { secure, name, port } = options
  const label = name === '' ? 'oidc' : `${name}-oidc`
  const prefix = secure ? `__Host-Http-holdfast-${label}-` : `holdfast-${label}-${port}-`
  // Lax: the provider sends the browser back by a navigation from another site.
  const attributes = `Path=/; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`
  const nameOf = (state: string): string => `${prefix}${digest(`oidc|${state}`).slice(0, 12)}`

  const unsealed = (cookie: string, value: string | null): Flow | null => {
    const box = value === null ? null : fromBase64url(value)
    const plain = box === null ? null : open(key, box, `oidc/v1|${cookie}`)
    if (plain === null) return null
    const flow = JSON.parse(fromUtf8(plain)) as Flow
    return now() < flow.startedAt + lifetimeSeconds * 1000 ? flow : null
  }

  const removal = (cookie: string): string => `${cookie}=; Max-Age=0; ${attributes}`

  return {
    begin: (provider, returnTo) => ({
      ...{ provider, returnTo, startedAt: now() },
      state: toBase64url(random(32)),
      nonce: toBase64url(random(32)),
      verifier: toBase64url(random(32)),
    }),

    keep(flow, cookieHeader) {
      const cookie = nameOf(flow.state)
      const value = toBase64url(seal(key, toUtf8(JSON.stringify(flow)), `oidc/v1|${cookie}`))
      const others = [...ours(cookieHeader, prefix)].map(([one, sealed]) => ({
        one,
        startedAt: unsealed(one, sealed)?.startedAt ?? 0,
      }))
      const oldest = others.sort((a, b) => b.startedAt - a.startedAt).slice(most - 1)
      return [
        `${cookie}=${value}; Max-Age=${lifetimeSeconds}; ${attributes}`,
        ...oldest.map(({ one }) => removal(one)),
      ]
    },

    find(state, provider, cookieHeader) {
      const cookie = nameOf(state)
      const flow = unsealed(cookie, readCookie(cookieHeader, cookie))
      return flow !== null && flow.state === state && flow.provider === provider ? flow : null
    },

    remove: (state) => removal(nameOf(state)),
  }
}

/**
 * The first flows that a browser carries, read in one go: each cookie's name and value; `null` for one that it carries with
 * several values.
 */
function ours(cookieHeader: string | undefined, prefix: string): ReadonlyMap<string, string | null> {
  const found = new Map<string, string | null>()
  for (const pair of (cookieHeader ?? '').split(';')) {
    const [name = '', value = ''] = pair.split('=', 2).map((part) => part.trim())
    if (!name.startsWith(prefix) || (found.size === mostRead && !found.has(name))) continue
    const before = found.get(name)
    found.set(name, before === undefined || before === value ? value : null)
  }
  return found
}
