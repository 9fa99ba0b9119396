import { describe, expect, it } from 'vitest'
import { day, hour } from '../core/samples.ts'
import { servers } from './servers.ts'
import { stage } from './stage.ts'

describe.each(Object.entries(servers))('%s', (_, start) => {
  it('signs in, knows who it is at the next request, and signs out for every copy of the cookie', async () => {
    await using at = await stage(start)
    const browser = at.browser()
    expect(await browser.user()).toBeNull()
    expect((await browser.post('/sign-in?user=anna&role=admin')).status).toBe(200)
    expect(await browser.json('/me')).toEqual({ user: 'anna', roles: ['admin'] })
    const copy = browser.cookie()
    expect((await browser.post('/sign-out')).status).toBe(303)
    expect(browser.cookie()).toBe('')
    expect(JSON.parse((await browser.get('/me', { cookie: copy })).text)).toMatchObject({ user: null })
  })

  it('ASVS 7.1.2: lets a person have so many sessions and no more, whichever way the app wants it', async () => {
    for (const whenMore of ['refuse', 'ask-to-take-over', 'replace-oldest'] as const) {
      const policy = { perAccount: { most: 2, whenMore } }
      await using at = await stage(start, { policy })
      const browsers = [at.browser(), at.browser(), at.browser()]
      for (const browser of browsers) await browser.post('/sign-in?user=anna')
      const users = await Promise.all(browsers.map((browser) => browser.user()))
      expect(users).toEqual(whenMore === 'replace-oldest' ? [null, 'anna', 'anna'] : ['anna', 'anna', null])
      await browsers[1]?.post('/sign-in?user=anna')
      expect(await browsers[1]?.user()).toBe('anna')
      const mine = await at.sessions.manager.listUser({ userId: 'anna', authenticator: 'app' })
      expect(mine).toHaveLength(2)
    }
    // biome-ignore lint/suspicious/noExplicitAny: what a JavaScript app may say.
    const policy = { perAccount: { most: 2, whenMore: 'never' as any } }
    await expect(stage(start, { policy })).rejects.toMatchObject({ code: 'ERR_CONFIG_INVALID' })
  })

  it('gives a cookie that ends with the browser, or stays as long as the session where one asked for it', async () => {
    await using at = await stage(start)
    const [short = ''] = (await at.browser().post('/sign-in')).cookies
    expect(short).toMatch(/^__Host-Http-holdfast=v1\.[^;]+; Path=\/; HttpOnly; Secure; SameSite=Lax$/)
    const [long = ''] = (await at.browser().post('/sign-in?remember=1')).cookies
    expect(long).toContain(`; Max-Age=${(30 * day) / 1000};`)
  })

  it('never adopts the session that was presented, not even the person’s own', async () => {
    await using at = await stage(start)
    const browser = at.browser()
    await browser.post('/sign-in?user=mallory')
    const planted = browser.cookie()
    await browser.post('/sign-in?user=anna')
    expect(browser.cookie()).not.toBe(planted)
    expect(JSON.parse((await browser.get('/me', { cookie: planted })).text)).toMatchObject({ user: null })
    expect(await browser.user()).toBe('anna')
  })

  it('takes along what an anonymous browser had, and nothing of another person', async () => {
    await using at = await stage(start)
    const browser = at.browser()
    await browser.post('/set?theme=kelp')
    await browser.post('/sign-in?user=anna')
    expect(await browser.json('/get')).toBe('kelp')
    await browser.post('/sign-in?user=ben')
    expect(await browser.json('/get')).toBeNull()
  })

  it('saves what a request sets before it signs somebody in for them, unless it was another’s session', async () => {
    await using at = await stage(start)
    const browser = at.browser()
    await browser.post('/switch?user=anna')
    expect(await browser.json('/entries')).toEqual([
      ['a', 'set after'],
      ['theme', 'set before'],
    ])
    await browser.post('/switch?user=ben')
    expect(await browser.json('/entries')).toEqual([['a', 'set after']])
  })

  it('tells a browser that holds nothing of ours nothing when it signs out', async () => {
    await using at = await stage(start)
    expect((await at.browser().post('/sign-out')).cookies).toEqual([])
  })

  it('ends every session of a person, and only theirs', async () => {
    await using at = await stage(start)
    const [desk, phone, other] = [at.browser(), at.browser(), at.browser()]
    await desk.post('/sign-in?user=anna')
    await phone.post('/sign-in?user=anna')
    await other.post('/sign-in?user=ben')
    expect((await desk.post('/sign-out-everywhere')).status).toBe(204)
    expect(await desk.user()).toBeNull()
    expect(await phone.user()).toBeNull()
    expect(await other.user()).toBe('ben')
  })

  it('lists where one is signed in, and ends one of these, but nobody else’s', async () => {
    await using at = await stage(start)
    const [desk, phone, other] = [at.browser(), at.browser(), at.browser()]
    await desk.post('/sign-in?user=anna', { headers: { 'user-agent': 'Desk' } })
    at.clock.advance(1)
    await phone.post('/sign-in?user=anna', { headers: { 'user-agent': 'Phone' } })
    await other.post('/sign-in?user=ben')
    const devices = (await desk.json('/devices')) as { id: string; userAgent: string; isThis: boolean }[]
    expect(devices.map(({ userAgent, isThis }) => [userAgent, isThis])).toEqual([
      ['Desk', true],
      ['Phone', false],
    ])
    const [, { id = '' } = {}] = devices
    expect((await other.post(`/end-device?id=${id}`)).text).toBe('false')
    expect(await phone.user()).toBe('anna')
    expect((await desk.post(`/end-device?id=${id}`)).text).toBe('true')
    expect(await phone.user()).toBeNull()
    expect(await desk.user()).toBe('anna')
  })

  it('sends navigations to the sign-in page and back, tells programs 401, and those without the role 403', async () => {
    await using at = await stage(start)
    const browser = at.browser()
    const navigation = { headers: { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' } }
    const sent = await browser.get('/private?x=1&y=2', navigation)
    expect([sent.status, sent.headers.get('location')]).toEqual([
      303,
      '/sign-in?return_to=%2Fprivate%3Fx%3D1%26y%3D2',
    ])
    const told = await browser.get('/private')
    expect(told.status).toBe(401)
    expect(told.headers.get('content-type')).toMatch(/^application\/problem\+json/)
    expect(JSON.parse(told.text)).toMatchObject({ status: 401, code: 'sign-in-required' })

    await browser.post('/sign-in?user=anna')
    expect((await browser.get('/private')).text).toBe('for anna')
    expect((await browser.get('/admin')).status).toBe(403)
    await browser.post('/sign-in?user=anna&role=admin')
    expect((await browser.get('/admin')).text).toBe('for anna')
  })

  it('is over when it was not used, and moves its deadline when it is', async () => {
    await using at = await stage(start)
    const browser = at.browser()
    await browser.post('/sign-in')
    for (let hours = 0; hours < 20; hours += 10) {
      at.clock.advance(10 * hour)
      expect(await browser.user()).toBe('anna')
    }
    at.clock.advance(12 * hour)
    expect(await browser.user()).toBeNull()
  })

  it('does not take a static file for a person’s doing', async () => {
    await using at = await stage(start)
    const browser = at.browser()
    await browser.post('/sign-in')
    const before = await browser.json('/deadlines')
    at.clock.advance(6 * hour)
    await browser.get('/plain', { headers: { 'sec-fetch-dest': 'image' } })
    expect(await (await browser.get('/deadlines', { headers: { 'sec-fetch-dest': 'style' } })).text).toBe(
      JSON.stringify(before),
    )
  })

  it('signs nobody in whose sessions were ended while the password was checked', async () => {
    await using at = await stage(start)
    const browser = at.browser()
    const signingIn = browser.post('/sign-in?user=anna&gate=check')
    await at.gates.arrived('check')
    const revoked = at.sessions.revokeUser('anna')
    // It waits for an instant in which nothing began before it.
    at.clock.advance(2)
    await revoked
    at.gates.open('check')
    expect((await signingIn).status).toBe(401)
    expect(browser.cookie()).toBe('')
  })
})
