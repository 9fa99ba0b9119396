/** Signing in by the app's own form, and signing out by the app. */
import { describe, expect, it } from 'vitest'
import { pinOfSid, writePin } from '../../src/gateway/proxy/instance-order.ts'
import { altered } from '../altered.ts'
import { appForm, cookieOf, streamlitApp } from './app-form.ts'
import { anna } from './people.ts'

describe('signing in by the app’s own form', () => {
  it('tells the app at once who it is, and gives the page that it was typed into a session of its own', async () => {
    const app = await appForm()
    const cookie = await app.browser()
    const page = await app.page(cookie)
    const { status, body } = await app.submit(page)
    expect({ status, body }).toMatchObject({
      status: 200,
      body: { outcome: 'signed-in', user: { sub: 'anna', is_logged_in: true, roles: ['admin', 'diver'] } },
    })
    const answer = await app.take({ cookie, ticket: body.ticket, secret: page.secret })
    expect(answer.status).toBe(200)
    expect(JSON.parse(answer.body)).toMatchObject({ signedIn: true, user: { id: 'anna' } })
    const now = cookieOf(answer)
    expect(now).toMatch(/=v1\./)
    expect(await app.whoIs(now ?? '')).toBe(200)
    // The session that was presented is not adopted: it is over, with the sockets that were open in it.
    expect(await app.whoIs(cookie)).toBe(401)
    await page.socket.closed
    expect(page.socket.frames().toString('latin1')).toContain('signed-out')
  })

  it('keeps what was done before: the anonymous session’s state is in the new one', async () => {
    const app = await appForm()
    const cookie = await app.browser()
    const page = await app.page(cookie)
    const change = { key: 'draft', value: '"kelp"' }
    await app.ask(page, '/state/write', { scope: 'tab', changes: [change] })
    const { body } = await app.submit(page)
    const now = cookieOf(await app.take({ cookie, ticket: body.ticket, secret: page.secret }))
    const next = await app.page(now ?? '', page)
    const read = await app.ask(next, '/state/read', { scope: 'tab' })
    expect(read.body).toMatchObject({ entries: { draft: { value: '"kelp"' } } })
  })

  it('leaves the page with its instance of the app, whose uploads and sockets come in another session from then on', async () => {
    const upstream = await streamlitApp()
    const instances = [upstream.url, new URL(`http://localhost:${upstream.port}`)]
    const app = await appForm({ upstream, instances })
    const cookie = await app.browser()
    const page = await app.page(cookie)
    const before = await app.to.sessions.load(cookie.slice(cookie.indexOf('=') + 1))
    const { body } = await app.submit(page)
    const answer = await app.take({ cookie, ticket: body.ticket, secret: page.secret })
    expect(answer.setCookie.map((line) => line.split(';', 1)[0])).toEqual([
      expect.stringMatching(/=v1\./),
      `holdfast_instance-${app.to.port}=${writePin(pinOfSid(before?.session.sid ?? ''))}`,
    ])

    // Who was led by the cookie goes on being led by it.
    const other = `${await app.browser()}; holdfast_instance-${app.to.port}=7`
    const second = await app.page(other)
    const { ticket } = (await app.submit(second)).body
    expect((await app.take({ cookie: other, ticket, secret: second.secret })).setCookie).toHaveLength(1)
  })

  it('keeps the session when the browser is closed, where that was asked for', async () => {
    const app = await appForm()
    for (const [remember, kept] of [
      [true, true],
      [false, false],
    ] as const) {
      const cookie = await app.browser()
      const page = await app.page(cookie)
      const { body } = await app.submit(page, { remember })
      const { setCookie } = await app.take({ cookie, ticket: body.ticket, secret: page.secret })
      expect(setCookie[0]?.includes('Max-Age=')).toBe(kept)
    }
  })

  it('counts attempts as the sign-in page does, by the address of the page’s socket, whatever the app says', async () => {
    const app = await appForm()
    const page = await app.page(await app.browser())
    const forged = { handed: { ...page.handed, 'x-forwarded-for': '203.0.113.9' } }
    const wrong = { password: 'not this one', address: '203.0.113.9' }
    expect((await app.submit(forged, wrong)).body).toEqual({ outcome: 'credentials' })
    expect(app.to.events).toContainEqual({ event: 'sign_in_failed', address: '127.0.0.1' })
    let last: unknown
    for (let attempt = 0; attempt < 60 && last !== 'throttled'; attempt++)
      last = (await app.submit(page, wrong)).body.outcome
    expect(last).toBe('throttled')
    // Also with the right one, and at our own page: the counters are the same.
    expect((await app.submit(page)).body).toMatchObject({ outcome: 'throttled', seconds: expect.any(Number) })
    await expect(app.to.signIn('anna')).rejects.toThrow('429')
    expect(app.to.events).toContainEqual({ event: 'sign_in_throttled', address: '127.0.0.1' })
  })

  it('says the same of a name that is unknown, a wrong password and an account that is kept out', async () => {
    const app = await appForm()
    const page = await app.page(await app.browser())
    await app.to.standings.change({ authenticator: 'users-file', userId: 'ben' }, { disabled: true })
    const answers = [
      await app.submit(page, { password: 'not this one' }),
      await app.submit(page, { username: 'nobody-here' }),
      await app.submit(page, { username: 'ben' }),
    ]
    for (const answer of answers) expect(answer).toEqual({ status: 200, body: { outcome: 'credentials' } })
  })

  it('does not sign in with a password alone who must show a second factor', async () => {
    const app = await appForm()
    const page = await app.page(await app.browser())
    await app.to.standings.change(anna, { factorRequired: true })
    expect(await app.submit(page)).toEqual({ status: 200, body: { outcome: 'factor-needed' } })
  })

  it('says that it cannot be known where the store is away, and signs nobody in or out', async () => {
    const app = await appForm()
    const cookie = await app.browser()
    const page = await app.page(cookie)
    const { body } = await app.submit(page)
    app.to.store.away = true
    expect(await app.submit(page)).toEqual({ status: 200, body: { outcome: 'unavailable' } })
    const answer = await app.take({ cookie, ticket: body.ticket, secret: page.secret })
    expect(answer).toMatchObject({ status: 503, setCookie: [] })
    app.to.store.away = false
    expect((await app.take({ cookie, ticket: body.ticket, secret: page.secret })).status).toBe(200)
  })

  it('asks which page it is, and believes no pass but one that was made for a page of this session', async () => {
    const app = await appForm()
    const page = await app.page(await app.browser())
    const other = await app.page(await app.browser())
    const { 'holdfast-page': pass = '', ...bare } = page.handed
    for (const handed of [
      bare,
      { ...bare, 'holdfast-page': altered(pass) },
      { ...bare, 'holdfast-page': 'p1.' },
      { ...bare, 'holdfast-page': other.handed['holdfast-page'] ?? '' },
    ]) {
      expect(await app.submit({ handed })).toMatchObject({ status: 400, body: { code: 'ERR_SIGN_IN_PAGE' } })
    }
    expect((await app.submit(page)).body.outcome).toBe('signed-in')
  })

  it('signs nobody in on top of somebody', async () => {
    const app = await appForm()
    const page = await app.page(await app.to.sessionOf(anna))
    expect(await app.submit(page)).toMatchObject({ status: 400, body: { code: 'ERR_SIGN_IN_TWICE' } })
  })

  it('takes nothing from a page of another origin', async () => {
    const app = await appForm()
    const cookie = await app.browser()
    const page = await app.page(cookie)
    const { body } = await app.submit(page)
    const taking = { cookie, ticket: body.ticket, secret: page.secret }
    for (const headers of [{ origin: 'https://evil.example' }, { 'sec-fetch-site': 'same-site' }]) {
      const answer = await app.take({ ...taking, headers })
      expect(answer).toMatchObject({ status: 403, setCookie: [] })
    }
    expect((await app.take(taking)).status).toBe(200)
  })

  it('tells the app nothing of the page’s secret, and the page’s pass nothing of anybody', async () => {
    const app = await appForm()
    const page = await app.page(await app.browser())
    const bytes = Buffer.concat(app.to.upstream.connections.flat()).toString('latin1')
    expect(bytes).toContain('Holdfast-Page'.toLowerCase())
    expect(bytes).not.toContain(page.secret)
    expect(bytes).not.toContain('holdfast-page.')
  })
})

describe('signing out by the app', () => {
  it('ends the session before it is acknowledged, and nobody who is not signed in', async () => {
    const app = await appForm()
    const anonymous = await app.page(await app.browser())
    expect((await app.ask(anonymous, '/sign-out', {})).body).toEqual({ ended: false })
    expect((await app.ask(anonymous, '/state/read', { scope: 'session' })).status).toBe(200)

    const cookie = await app.to.sessionOf(anna)
    const page = await app.page(cookie)
    expect(await app.ask(page, '/sign-out', {})).toEqual({ status: 200, body: { ended: true } })
    expect(await app.whoIs(cookie)).toBe(401)
    await page.socket.closed
    expect(app.to.events.map(({ event }) => event)).toContain('session_signed_out')
  })

  it('acknowledges nothing that the store cannot confirm', async () => {
    const app = await appForm()
    const cookie = await app.to.sessionOf(anna)
    const page = await app.page(cookie)
    app.to.store.away = true
    expect((await app.ask(page, '/sign-out', {})).status).toBe(503)
    app.to.store.away = false
    expect(await app.whoIs(cookie)).toBe(200)
  })
})
