/** What an attacker may try around a sign-in at a provider. */
import { describe, expect, it } from 'vitest'
import type { Harness } from './harness.ts'
import { fetchFrom } from './loopback.ts'
import { type Wanderer, wanderer } from './oidc-server.ts'
import { eventually, every, startStage } from './oidc-stage.ts'

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
