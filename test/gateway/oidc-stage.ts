/** A gateway that signs in at a real provider, and a browser that goes there. */
import type { Configuration } from 'oidc-provider'
import type { FactorClaims } from '../../src/auth/factor-claims.ts'
import { defaultPolicy } from '../../src/core/policy.ts'
import type { AccountLimit } from '../../src/core/session-limit.ts'
import type { AccessRule } from '../../src/gateway/access.ts'
import { type Harness, startHarness } from './harness.ts'
import { type OidcServer, reservedIssuer, startOidcServer, type Wanderer, wanderer } from './oidc-server.ts'

/** How often a provider is asked. */
export const every: number = 10 * 60_000

interface More {
  readonly secondFactor?: FactorClaims
  readonly rules?: readonly AccessRule[]
  readonly provider?: Configuration
}

interface Stage {
  readonly to: Harness
  readonly server: OidcServer
  readonly browser: Wanderer
  pass(milliseconds: number): void
  /** The Cookie header of a browser for the gateway. */
  cookie(browser?: Wanderer): Promise<string>
  begin(returnTo?: string): string
  /** The status of a page that needs a sign-in. */
  status(browser?: Wanderer): Promise<number>
}

export async function startStage(perAccount?: AccountLimit, more: More = {}): Promise<Stage> {
  const reserved = await reservedIssuer()
  let at = Date.now()
  const to = await startHarness({
    now: () => at,
    policy: { ...defaultPolicy, ...(perAccount !== undefined && { perAccount }) },
    oidc: [
      {
        ...{ name: 'kelp', label: 'Kelp ID', issuer: reserved.issuer, clientId: 'kelp', verifyEvery: every },
        clientSecret: 'a secret of the client',
        scopes: ['openid', 'email', 'profile', 'offline_access'],
        rolesClaim: 'roles',
        secondFactor: more.secondFactor ?? null,
      },
    ],
    rules: more.rules ?? [],
  })

  const server = startOidcServer(reserved, [{ origin: to.origin, name: 'kelp' }], more.provider)
  const browser = wanderer()
  const cookie = async (who: Wanderer = browser): Promise<string> => who.jar.getCookieString(to.origin)
  return {
    ...{ to, server, browser, cookie },
    pass(milliseconds) {
      at += milliseconds
    },
    begin: (returnTo = '/report?x=1') =>
      `${to.origin}/_holdfast/oidc/kelp?return_to=${encodeURIComponent(returnTo)}`,
    async status(who = browser) {
      const answer = await fetch(`${to.origin}/x`, { headers: { cookie: await cookie(who) } })
      await answer.body?.cancel()
      return answer.status
    },
  }
}

export async function eventually(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    if (await holds()) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error(`Never: ${what}`)
}

/** The person signs out at the provider itself, in this browser. */
export async function signOutThere(browser: Wanderer, { issuer }: OidcServer): Promise<void> {
  const page = await browser.visit(new URL('/session/end', issuer))
  const xsrf = /name="xsrf" value="([^"]+)"/.exec(page.body)?.[1] ?? ''
  await browser.visit(new URL('/session/end/confirm', issuer), {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ xsrf, logout: 'yes' }).toString(),
  })
}
