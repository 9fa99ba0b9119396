/** Signing in at a provider: where it leads, and what it cannot lead round. */
import { describe, expect, it } from 'vitest'
import { fetchFrom } from './loopback.ts'
import { wanderer } from './oidc-server.ts'
import { every, startStage } from './oidc-stage.ts'

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

  it('says that nobody can be asked where the provider was never there', async () => {
    const { server, browser, begin } = await startStage()
    server.away(true)
    expect((await browser.visit(begin())).status).toBe(503)
  })
})
