/** A real OpenID provider on this machine, with its own sign-in pages, and a browser of sorts that goes through them. */
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import Provider, { type Configuration } from 'oidc-provider'
import { CookieJar } from 'tough-cookie'
import { onTestFinished } from 'vitest'

export interface OidcServer {
  readonly issuer: URL
  /** What it says of people, by the name they sign in with. Changes count from now on. */
  readonly people: Map<string, Record<string, unknown>>
  readonly provider: Provider
  /** How often tokens were asked for, by grant. */
  readonly grants: string[]
  /** What it says, from now on, of how people signed in there; may be changed later. */
  says(how: { amr: readonly string[] }): { amr: readonly string[] }
  /** Answers nothing any more, until called again. */
  away(isAway: boolean): void
}

export interface ClientOrigin {
  readonly origin: string
  /** As in the configuration of the gateway. */
  readonly name: string
}

/** An address for a provider that is started once its client's own address is known. */
export async function reservedIssuer(): Promise<{ readonly server: Server; readonly issuer: URL }> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close().closeAllConnections())
  return { server, issuer: new URL(`http://localhost:${(server.address() as AddressInfo).port}`) }
}

/** Starts the provider for these clients; the client `kelp` has the secret `a secret of the client`. */
export function startOidcServer(
  { server, issuer }: Awaited<ReturnType<typeof reservedIssuer>>,
  clients: readonly ClientOrigin[],
  more: Configuration = {},
): OidcServer {
  const people: OidcServer['people'] = new Map([
    ['ada', { name: 'Ada', email: 'ada@example.org', email_verified: true, roles: ['diver'] }],
    ['eve', { name: 'Eve', email: 'ada@example.org', email_verified: false, roles: [] }],
  ])
  const provider = new Provider(issuer.origin, {
    clients: [
      {
        client_id: 'kelp',
        client_secret: 'a secret of the client',
        redirect_uris: clients.map(({ origin, name }) => `${origin}/_holdfast/oidc/${name}/callback`),
        post_logout_redirect_uris: clients.map(({ origin }) => `${origin}/_holdfast/sign-in`),
        grant_types: ['authorization_code', 'refresh_token'],
        ...(clients[0] !== undefined && {
          backchannel_logout_uri: `${clients[0].origin}/_holdfast/oidc/${clients[0].name}/backchannel`,
          backchannel_logout_session_required: true,
        }),
      },
    ],
    claims: { openid: ['sub', 'roles'], email: ['email', 'email_verified'], profile: ['name'] },
    conformIdTokenClaims: false,
    features: { backchannelLogout: { enabled: true }, rpInitiatedLogout: { enabled: true } },
    issueRefreshToken: async () => true,
    findAccount: async (_context, sub) =>
      people.has(sub) ? { accountId: sub, claims: async () => ({ sub, ...people.get(sub) }) } : undefined,
    cookies: { keys: ['a key for the cookies of the provider'] },
    // It refuses to tell clients on its own machine by itself.
    fetch: (url: string | URL, { dispatcher: _, ...init }: RequestInit & { dispatcher?: unknown } = {}) =>
      fetch(url, init as RequestInit),
    ...more,
  } as Configuration)
  const grants: string[] = []
  provider.on('grant.success', (context) => grants.push(String(context.oidc.params?.grant_type)))
  provider.on('grant.error', (context) => grants.push(`refused ${String(context.oidc.params?.grant_type)}`))
  const handle = provider.callback()
  let isAway = false
  server.on('request', (request, response) => {
    if (isAway) response.destroy()
    else handle(request, response)
  })
  return {
    ...{ issuer, people, provider, grants },
    says(how) {
      const { loginAccount } = provider.Session.prototype
      provider.Session.prototype.loginAccount = function (details) {
        return loginAccount.call(this, { ...details, amr: [...how.amr] })
      }
      return how
    },
    away(value) {
      isAway = value
    },
  }
}

export interface Visited {
  readonly url: URL
  readonly status: number
  readonly body: string
  /** Every address on the way, the first and the last included. */
  readonly way: readonly string[]
}

/** Goes where it is sent, keeps cookies, and fills the provider's forms. */
export interface Wanderer {
  readonly jar: CookieJar
  visit(url: string | URL, init?: RequestInit): Promise<Visited>
  /** From the page of the gateway to the app, through the provider's sign-in and consent. */
  signIn(start: string | URL, login: string): Promise<Visited>
}

/** `stopAt`: goes no further where it is sent to this origin. */
export function wanderer({ stopAt }: { readonly stopAt?: string } = {}): Wanderer {
  const jar = new CookieJar()

  async function visit(start: string | URL, init: RequestInit = {}): Promise<Visited> {
    const way: string[] = []
    let url = new URL(start)
    let next = init
    for (;;) {
      way.push(url.href)
      if (url.origin === stopAt) return { url, status: 0, body: '', way }
      const cookie = await jar.getCookieString(url.href)
      const headers = { accept: 'text/html', ...(next.headers as object), ...(cookie !== '' && { cookie }) }
      const answer = await fetch(url, { ...next, headers, redirect: 'manual' })
      for (const line of answer.headers.getSetCookie()) await jar.setCookie(line, url.href)
      const location = answer.headers.get('location')
      if (location === null) return { url, status: answer.status, body: await answer.text(), way }
      await answer.body?.cancel()
      url = new URL(location, url)
      next = {}
      if (way.length > 20) throw new Error(`Sent round in circles: ${way.join(' ')}`)
    }
  }

  return {
    jar,
    visit,
    async signIn(start, login) {
      let page = await visit(start)
      const way = [...page.way]
      for (let forms = 0; forms < 3 && /name="prompt"/.test(page.body); forms++) {
        const action = /<form[^>]* action="([^"]+)"/.exec(page.body)?.[1] ?? ''
        const prompt = /name="prompt" value="([^"]+)"/.exec(page.body)?.[1] ?? ''
        const fields = { prompt, ...(prompt === 'login' && { login, password: 'any' }) }
        page = await visit(new URL(action, page.url), {
          method: 'POST',
          headers: { 'content-type': 'application/x-www-form-urlencoded' },
          body: new URLSearchParams(fields).toString(),
        })
        way.push(...page.way)
      }
      return { ...page, way }
    },
  }
}
