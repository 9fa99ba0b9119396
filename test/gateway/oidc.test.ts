import type { Configuration } from 'oidc-provider'
import { describe, expect, it } from 'vitest'
import type { FactorClaims } from '../../src/auth/factor-claims.ts'
import { defaultPolicy } from '../../src/core/policy.ts'
import type { AccountLimit } from '../../src/core/session-limit.ts'
import type { AccessRule } from '../../src/gateway/access.ts'
import { withAdmin } from './admin-harness.ts'
import { fetchFrom, type Harness, startHarness } from './harness.ts'
import { type OidcServer, reservedIssuer, startOidcServer, type Wanderer, wanderer } from './oidc-server.ts'

const every = 10 * 60_000

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

async function startStage(perAccount?: AccountLimit, more: More = {}): Promise<Stage> {
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

async function eventually(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    if (await holds()) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error(`Never: ${what}`)
}

describe('OpenID Connect', { timeout: 30_000 }, () => {
  it('is offered on the sign-in page, and leads back to the page that was wanted', async () => {
    const { to, browser, begin, status } = await startStage()
    const page = await browser.visit(`${to.origin}/_holdfast/sign-in?return_to=%2Freport%3Fx%3D1`)
    expect(page.body).toContain('href="/_holdfast/oidc/kelp?return_to=%2Freport%3Fx%3D1"')
    expect(page.body).toContain('Kelp ID')
    const back = await browser.signIn(begin(), 'ada')
    expect(back.url.href).toBe(`${to.origin}/report?x=1`)
    expect(back.status).toBe(200)
    const seen = to.upstream.requests.at(-1)
    expect(seen?.values('x-forwarded-user')).toEqual(['ada'])
    expect(seen?.values('x-forwarded-email')).toEqual(['ada@example.org'])
    expect(seen?.values('x-forwarded-groups')).toEqual(['diver'])
    expect(await status()).toBe(200)
  })

  it('CVE-2026-34727: is no way round the second factor that an account must have', async () => {
    const { to, browser, begin, status } = await startStage()
    await browser.signIn(begin(), 'ada')
    for await (const { identity } of to.sessions.listAll()) {
      if (identity === null) continue
      await to.standings.change(identity, { factorRequired: true })
      await to.sessions.revokeUser(identity)
    }
    expect(await status()).toBe(401)
    const page = await browser.signIn(begin(), 'ada')
    expect(page.url.pathname).toBe('/_holdfast/factor')
    expect(await status()).toBe(401)
  })

  it('V6.8.4: takes the provider’s word for a second factor where it is told to, and asks there for one shown just now', async () => {
    const { to, browser, begin, server, pass, cookie } = await startStage(undefined, {
      secondFactor: { acr: [], amr: ['mfa'] },
      rules: [{ path: '/vault/*', factor: true, freshWithin: every }],
      provider: {
        claims: { openid: ['sub', 'roles', 'amr', 'auth_time'], email: ['email'], profile: ['name'] },
      },
    })
    const shown = server.says({ amr: ['pwd', 'mfa'] })
    const back = await browser.signIn(begin('/vault/x'), 'ada')
    expect([back.status, back.url.pathname]).toEqual([200, '/vault/x'])
    // As a browser asks for a page, which `fetch` does not let one say.
    const page = async (path: string, who = browser) => {
      const headers = { host: to.host, cookie: await cookie(who), 'sec-fetch-mode': 'navigate' }
      return fetchFrom(to.port, path, { headers })
    }
    pass(2 * every)
    const led = await page('/vault/y')
    expect(led.headers.location).toMatch(/^\/_holdfast\/step-up\?.*factor=1/)
    const asked = await page(String(led.headers.location))
    const href = /href="([^"]*fresh=1[^"]*)"/.exec(asked.body)?.[1]?.replaceAll('&amp;', '&') ?? ''
    // The gateway's clock was put forward; the provider's is the real one.
    pass(-2 * every)
    const again = await browser.signIn(new URL(href, to.origin), 'ada')
    expect([again.status, again.url.pathname]).toEqual([200, '/vault/y'])
    expect(again.way.some((url) => url.includes('prompt=login'))).toBe(true)
    shown.amr = ['pwd']
    const other = wanderer()
    await other.signIn(begin('/x'), 'ada')
    expect((await page('/x', other)).status).toBe(200)
    expect((await page('/vault/x', other)).headers.location).toContain('factor=1')
  })

  it('serves several tabs of one browser at once, each to its own page', async () => {
    const { to, browser, begin, server } = await startStage()
    const first = await fetch(begin('/one'), { redirect: 'manual' })
    for (const line of first.headers.getSetCookie()) await browser.jar.setCookie(line, to.origin)
    const second = await browser.signIn(begin('/two'), 'ada')
    expect(second.url.pathname).toBe('/two')
    const late = await browser.signIn(first.headers.get('location') ?? '', 'ada')
    expect(late.url.pathname).toBe('/one')
    expect(server.grants).toEqual(['authorization_code', 'authorization_code'])
  })

  it('lands somebody quietly who comes back late and is signed in already', async () => {
    const { to, browser, begin, status } = await startStage()
    const back = await browser.signIn(begin(), 'ada')
    const callback = back.way.find((url) => url.includes('/callback?')) ?? ''
    const again = await browser.visit(callback)
    expect(again.url.href).toBe(`${to.origin}/`)
    expect(await status()).toBe(200)
  })

  it('ASVS 7.1.2: refuses one more session than an account may have, and lets whoever is asked take one over', async () => {
    const refusing = await startStage({ most: 1, whenMore: 'refuse' })
    await refusing.browser.signIn(refusing.begin(), 'ada')
    const refused = await wanderer().signIn(refusing.begin(), 'ada')
    expect([
      refused.status,
      refused.body.includes('Your account is in use in another browser already'),
    ]).toEqual([409, true])
    expect(await refusing.status()).toBe(200)

    const { to, browser, begin, status } = await startStage({ most: 1, whenMore: 'ask-to-take-over' })
    await browser.signIn(begin(), 'ada')
    const second = wanderer()
    const asked = await second.signIn(begin(), 'ada')
    const field = (name: string): string =>
      new RegExp(`name="${name}" value="([^"]+)"`).exec(asked.body)?.[1] ?? ''
    const done = await fetch(`${to.origin}/_holdfast/take-over`, {
      ...{ method: 'POST', redirect: 'manual' },
      headers: { cookie: await second.jar.getCookieString(to.origin), origin: to.origin },
      body: new URLSearchParams({
        ...{ form_token: field('form_token'), ticket: field('ticket'), action: 'end-all' },
      }),
    })
    expect([done.status, done.headers.get('location')]).toEqual([303, '/report?x=1'])
    for (const line of done.headers.getSetCookie()) await second.jar.setCookie(line, to.origin)
    expect([await status(), await status(second)]).toEqual([401, 200])
  })

  it('V7.6.1: asks the provider from time to time, and ends the session when the grant is gone', async () => {
    const { server, browser, begin, status, pass } = await startStage()
    await browser.signIn(begin(), 'ada')
    pass(every)
    expect(await status()).toBe(200)
    await eventually('it is asked', () => server.grants.includes('refresh_token'))
    server.people.delete('ada')
    // The answer to the last question may still be on its way, and counts from when it comes.
    await eventually('the session has ended', async () => {
      pass(every)
      return (await status()) === 401
    })
  })

  it('V7.6.1: signs nobody out, and nobody in, while the provider is away', async () => {
    const { server, browser, begin, status, pass, to } = await startStage()
    await browser.signIn(begin(), 'ada')
    server.away(true)
    pass(every)
    expect(await status()).toBe(200)
    await eventually('it is asked', () => to.log.some(({ event }) => event === 'voucher_unavailable'))
    expect(await status()).toBe(200)
    server.away(false)
    pass(30_000)
    await status()
    await eventually('it is asked again', () => server.grants.includes('refresh_token'))
    const other = wanderer()
    const { way } = await other.visit(begin())
    server.away(true)
    expect((await other.visit(`${to.origin}/_holdfast/oidc/kelp/callback?state=x&code=y`)).status).toBe(400)
    expect(way.length).toBeGreaterThan(1)
  })

  it('says that nobody can be asked where the provider was never there', async () => {
    const { server, browser, begin } = await startStage()
    server.away(true)
    expect((await browser.visit(begin())).status).toBe(503)
  })

  it('ends the session of somebody whose roles have changed there', async () => {
    const { server, browser, begin, status, pass } = await startStage()
    await browser.signIn(begin(), 'ada')
    server.people.set('ada', { ...server.people.get('ada'), roles: ['admin'] })
    pass(every)
    await status()
    await eventually('the session has ended', async () => (await status()) === 401)
  })

  it('signs out of the provider too, which sends the browser back', async () => {
    const { to, browser, begin, status, server, cookie } = await startStage()
    await browser.signIn(begin(), 'ada')
    const form = await browser.visit(`${to.origin}/_holdfast/sign-out`)
    const token = /name="form_token" value="([^"]+)"/.exec(form.body)?.[1] ?? ''
    // As a browser says it, which `fetch` does not let one say.
    const answer = await fetchFrom(to.port, '/_holdfast/sign-out', {
      method: 'POST',
      headers: {
        ...{ host: to.host, origin: to.origin, cookie: await cookie() },
        ...{ 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: new URLSearchParams({ form_token: token }).toString(),
    })
    const there = await browser.visit(String(answer.headers.location))
    expect(there.url.origin).toBe(server.issuer.origin)
    expect(there.url.searchParams.get('post_logout_redirect_uri')).toBe(`${to.origin}/_holdfast/sign-in`)
    expect(there.status).toBe(200)
    expect(await status()).toBe(401)
  })

  it('V7.6.1: hears from the provider, server to server, who is out', async () => {
    const { browser, begin, status, server } = await startStage()
    await browser.signIn(begin(), 'ada')
    const other = wanderer()
    await other.signIn(begin(), 'ada')
    expect([await status(), await status(other)]).toEqual([200, 200])
    await signOutThere(browser, server)
    await eventually('the session has ended', async () => (await status()) === 401)
    expect(await status(other)).toBe(200)
  })
})

describe('OpenID Connect at the admin page', { timeout: 30_000 }, () => {
  it('V7.6.1: hears from the provider who is out, and lets their session there in no more, and no other', async () => {
    const reserved = await reservedIssuer()
    const oidc = [
      {
        ...{ name: 'kelp', label: 'Kelp ID', issuer: reserved.issuer, clientId: 'kelp', verifyEvery: every },
        ...{ clientSecret: 'a secret of the client', scopes: ['openid'], rolesClaim: 'roles' },
        secondFactor: null,
      },
    ]
    const to = await startHarness({ oidc })
    const admin = await withAdmin(to, { oidc })
    const origins = [to.origin, admin.origin].map((origin) => ({ origin, name: 'kelp' }))
    const server = startOidcServer(reserved, origins)
    server.people.set('ada', { name: 'Ada', roles: ['admin'] })
    const [browser, other] = [wanderer(), wanderer()]
    await browser.signIn(`${to.origin}/_holdfast/oidc/kelp?return_to=%2Fx`, 'ada')
    for (const one of [browser, other]) {
      const page = await one.signIn(`${admin.origin}/_holdfast/oidc/kelp?return_to=%2F`, 'ada')
      expect([page.status, page.url.href]).toEqual([200, `${admin.origin}/`])
    }
    await signOutThere(browser, server)
    await eventually('both are over', async () => {
      const answers = await Promise.all([browser.visit(`${to.origin}/x`), browser.visit(admin.origin)])
      return answers.every(({ status }) => status === 401)
    })
    expect((await other.visit(admin.origin)).status).toBe(200)
  })
})

describe('security: OpenID Connect', { timeout: 30_000 }, () => {
  it('V10.1.2: a callback in a browser that did not begin it signs nobody in', async () => {
    const { to, begin, status } = await startStage()
    const attacker = wanderer()
    const start = await fetch(begin(), { redirect: 'manual' })
    const victim = wanderer()
    for (const line of start.headers.getSetCookie()) await attacker.jar.setCookie(line, to.origin)
    const callback = await stoppedBefore(attacker, start.headers.get('location') ?? '', to)
    expect((await victim.visit(callback)).status).toBe(400)
    expect(await status(victim)).toBe(401)
    expect((await attacker.visit(callback)).url.pathname).toBe('/report')
  })

  it('V10.2.1: a callback counts once, with its own state, and only with it', async () => {
    const { to, begin, status, browser } = await startStage()
    const back = await browser.signIn(begin(), 'ada')
    const callback = new URL(back.way.find((url) => url.includes('/callback?')) ?? '')
    const cookies = await browser.jar.getCookieString(to.origin)
    const fresh = wanderer()
    for (const pair of cookies.split('; '))
      if (pair.includes('-oidc-')) await fresh.jar.setCookie(pair, to.origin)
    expect((await fresh.visit(callback)).status).toBe(400)
    for (const change of [
      (url: URL) => url.searchParams.delete('state'),
      (url: URL) => url.searchParams.set('state', 'x'),
      (url: URL) => url.searchParams.append('state', 'x'),
    ]) {
      const changed = new URL(callback)
      change(changed)
      expect((await fresh.visit(changed)).status).toBe(400)
    }
    expect(await status(fresh)).toBe(401)
  })

  it('V10.1.1: no token of the provider reaches the browser, the app or the log', async () => {
    const { to, browser, begin, status, server, pass } = await startStage()
    const tokens: string[] = []
    server.provider.on('access_token.saved', ({ jti }) => tokens.push(jti))
    server.provider.on('refresh_token.saved', ({ jti }) => tokens.push(jti))
    const back = await browser.signIn(begin(), 'ada')
    pass(every)
    await status()
    await eventually('it is asked', () => server.grants.includes('refresh_token'))
    expect(tokens.length).toBeGreaterThan(2)
    const shown = JSON.stringify([
      back,
      await browser.jar.serialize(),
      to.log,
      to.events,
      to.upstream.requests.map((one) => one.rawHeaders),
    ])
    for (const token of tokens) expect(shown).not.toContain(token)
    expect(shown).not.toContain('a secret of the client')
  })

  it('changes no password of the users file for somebody of the same name at the provider', async () => {
    const { to, browser, begin, cookie, server } = await startStage()
    server.people.set('anna', { name: 'Another Anna' })
    await browser.signIn(`${begin()}&fresh=1`, 'anna')
    const account = await browser.visit(`${to.origin}/_holdfast/account`)
    const fields = {
      form_token: /name="form_token" value="([^"]+)"/.exec(account.body)?.[1] ?? '',
      action: 'password',
      new_password: 'a password that anna never chose',
    }
    const answer = await fetchFrom(to.port, '/_holdfast/account', {
      method: 'POST',
      headers: {
        ...{ host: to.host, origin: to.origin, cookie: await cookie() },
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: new URLSearchParams(fields).toString(),
    })
    expect(answer.status).toBe(400)
    await expect(to.signIn('anna', fields.new_password)).rejects.toThrow('401')
    expect(await to.signIn('anna')).toContain(to.cookieName)
  })

  it('an address that nobody has checked is told to no app', async () => {
    const { to, browser, begin } = await startStage()
    await browser.signIn(begin(), 'eve')
    expect(to.upstream.requests.at(-1)?.values('x-forwarded-user')).toEqual(['eve'])
    expect(to.upstream.requests.at(-1)?.values('x-forwarded-email')).toEqual([])
  })

  it('a link from elsewhere begins nothing, and nobody is sent to somewhere else afterwards', async () => {
    const { to, begin, browser } = await startStage()
    const from = await fetch(begin(), {
      redirect: 'manual',
      headers: { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
    })
    expect(from.headers.get('location')).toMatch(/^\/_holdfast\/sign-in\?/)
    expect(from.headers.getSetCookie()).toEqual([])
    const back = await browser.signIn(begin('https://evil.example/'), 'ada')
    expect(back.url.origin).toBe(to.origin)
  })

  it('V10.5.5: believes no logout token that the provider did not sign for us', async () => {
    const { to, browser, begin, status } = await startStage()
    await browser.signIn(begin(), 'ada')
    const unsigned = [
      { alg: 'none', typ: 'logout+jwt' },
      { sub: 'ada', iat: 1, jti: 'x', events: {} },
    ]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.')
    for (const token of ['', 'x', `${unsigned}.`]) {
      const answer = await fetch(`${to.origin}/_holdfast/oidc/kelp/backchannel`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ logout_token: token }).toString(),
      })
      expect(answer.status).toBe(400)
    }
    expect(await status()).toBe(200)
  })
})

/** The person signs out at the provider itself, in this browser. */
async function signOutThere(browser: Wanderer, { issuer }: OidcServer): Promise<void> {
  const page = await browser.visit(new URL('/session/end', issuer))
  const xsrf = /name="xsrf" value="([^"]+)"/.exec(page.body)?.[1] ?? ''
  await browser.visit(new URL('/session/end/confirm', issuer), {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ xsrf, logout: 'yes' }).toString(),
  })
}

/** Goes through the provider's pages, and stops with the address that would end the sign-in. */
async function stoppedBefore(browser: Wanderer, start: string, to: Harness): Promise<string> {
  const jar = await browser.jar.clone()
  await browser.jar.removeAllCookies()
  // Without its own cookies the gateway refuses the callback, so it is still unused.
  for (const cookie of await jar.getCookies('http://localhost'))
    await browser.jar.setCookie(cookie, 'http://localhost')
  const stopped = await browser.signIn(start, 'ada')
  for (const cookie of await jar.getCookies(to.origin)) await browser.jar.setCookie(cookie, to.origin)
  return stopped.way.find((url) => url.includes('/callback?')) ?? ''
}
