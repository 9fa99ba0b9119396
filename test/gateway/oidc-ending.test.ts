/** What ends a session that began at a provider: its word, or ours, and never its absence. */
import { describe, expect, it } from 'vitest'
import { withAdmin } from './admin-harness.ts'
import { startHarness } from './harness.ts'
import { fetchFrom } from './loopback.ts'
import { reservedIssuer, startOidcServer, wanderer } from './oidc-server.ts'
import { eventually, every, signOutThere, startStage } from './oidc-stage.ts'

describe('OpenID Connect', { timeout: 30_000 }, () => {
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
    const sent = there.url.searchParams
    expect(sent.get('post_logout_redirect_uri')).toBe(`${to.origin}/_holdfast/sign-in`)
    // Comes back with the browser, for the sign-in page to know.
    expect(sent.get('state')).toBe('signed-out')
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
