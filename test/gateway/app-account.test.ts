import { describe, expect, it } from 'vitest'
import { type AppForm, type AppPage, appForm, cookieOf } from './app-form.ts'
import { linkIn, type MailServer, startMailServer } from './mail-server.ts'
import { anna, ben, password } from './people.ts'

const fresh = 'kelp grows a foot a day'

async function withMail(): Promise<{ readonly app: AppForm; readonly mail: MailServer }> {
  const mail = await startMailServer()
  const registration = { open: true, domains: [], emails: [], fields: [], roles: [] }
  const from = 'Kelp <kelp@example.org>'
  const selfService = { mail: { url: mail.url, from, password: null }, registration, guest: null }
  return { app: await appForm({ selfService }), mail }
}

async function annasPage(app: AppForm): Promise<AppPage> {
  return app.page(await app.to.sessionOf(anna))
}

describe('asking for mail by the app’s own form', () => {
  it('answers alike whether there is an account or not, and sends a link to our page to who has one', async () => {
    const { app, mail } = await withMail()
    const page = await app.page(await app.browser())
    const asked = { status: 200, body: { outcome: 'asked' } }
    for (const account of ['anna', 'nobody-here', 'nobody@example.org'])
      expect(await app.ask(page, '/forgot-password', { account })).toEqual(asked)
    expect(linkIn(await mail.mailTo('anna@example.org')).pathname).toBe('/_holdfast/reset-password')
    for (const email of ['anna@example.org', 'nobody@example.org'])
      expect(await app.ask(page, '/forgot-username', { email })).toEqual(asked)
    expect((await mail.mailTo('anna@example.org', 2)).text).toContain('anna')
    for (const email of ['anna@example.org', 'new@example.org'])
      expect(await app.ask(page, '/register', { email })).toEqual(asked)
    expect(linkIn(await mail.mailTo('new@example.org')).pathname).toBe('/_holdfast/register')
    await app.to.selfService.idle()
    expect(mail.mails.map(({ to }) => to.join())).not.toContain('nobody@example.org')
    const bad = { status: 200, body: { outcome: 'bad-email' } }
    expect(await app.ask(page, '/register', { email: 'not an address' })).toEqual(bad)
  })

  it('writes in the language of the page', async () => {
    const { app, mail } = await withMail()
    const page = await app.page(await app.browser())
    await app.ask(page, '/forgot-password', { account: 'anna', language: 'zh-CN,zh;q=0.9' })
    expect((await mail.mailTo('anna@example.org')).text).toMatch(/\p{sc=Han}/u)
  })

  it('is counted by the address of the page’s socket', async () => {
    const { app } = await withMail()
    const page = await app.page(await app.browser())
    let last: AppForm['ask'] extends (...all: never[]) => Promise<infer A> ? A : never
    let times = 0
    do
      last = await app.ask(page, '/forgot-username', {
        email: `a${times}@example.org`,
        address: `192.0.2.${times}`,
      })
    while (last.body.outcome === 'asked' && ++times < 100)
    expect(last).toEqual({ status: 200, body: { outcome: 'throttled', seconds: expect.any(Number) } })
  })

  it('says which part of the configuration is missing', async () => {
    const app = await appForm()
    const page = await app.page(await app.browser())
    for (const [path, body, what] of [
      ['/register', { email: 'a@example.org' }, 'registration'],
      ['/forgot-password', { account: 'anna' }, 'mail'],
      ['/forgot-username', { email: 'a@example.org' }, 'mail'],
      ['/sign-in-as-guest', {}, 'guest'],
    ] as const) {
      const answer = await app.ask(page, path, body)
      expect(answer, path).toMatchObject({ status: 400, body: { code: 'ERR_NOT_CONFIGURED' } })
      expect(answer.body.detail, path).toContain(`\`${what}\``)
    }
  })
})

describe('coming as a guest by the app’s own form', () => {
  it('is somebody new each time, by a ticket for the page alone', async () => {
    const app = await appForm({ selfService: { guest: { roles: ['visitor'] } } })
    const names = new Set<unknown>()
    for (let turn = 0; turn < 2; turn++) {
      const cookie = await app.browser()
      const page = await app.page(cookie)
      const { body } = await app.ask(page, '/sign-in-as-guest', {})
      expect(body).toMatchObject({ outcome: 'signed-in', user: { roles: ['visitor'] } })
      const answer = await app.take({ cookie, ticket: body.ticket, secret: page.secret })
      expect(await app.whoIs(cookieOf(answer) ?? '')).toBe(200)
      names.add((body.user as { readonly sub: string }).sub)
    }
    expect(names.size).toBe(2)
    expect((await app.ask(await annasPage(app), '/sign-in-as-guest', {})).body.code).toBe('ERR_SIGN_IN_TWICE')
  })
})

describe('changing a password by the app’s own form', () => {
  it('needs the present one, and ends every session of theirs before it is acknowledged', async () => {
    const app = await appForm()
    const elsewhere = await app.to.sessionOf(anna)
    const page = await annasPage(app)
    const wrong = await app.ask(page, '/change-password', { current: 'not this one', next: fresh })
    expect(wrong).toEqual({ status: 200, body: { outcome: 'credentials' } })
    expect(await app.whoIs(elsewhere)).toBe(200)
    const weak = await app.ask(page, '/change-password', { current: password, next: 'anna' })
    expect(weak).toEqual({ status: 200, body: { outcome: 'weak', why: expect.any(String) } })
    const changed = await app.ask(page, '/change-password', { current: password, next: fresh })
    expect(changed).toEqual({ status: 200, body: { outcome: 'changed' } })
    expect(await app.whoIs(elsewhere)).toBe(401)
    await page.socket.closed
    expect(await app.to.signIn('anna', fresh)).toMatch(/=v1\./)
    const entries = (await app.to.audit.read(10)).entries.filter(({ action }) => action === 'password')
    expect(entries.map(({ outcome, from }) => [outcome, from])).toEqual([
      ['done', '127.0.0.1'],
      ['refused', '127.0.0.1'],
    ])
    // The page's pass has outlived the session it was made for.
    const late = await app.ask(page, '/change-password', { current: fresh, next: password })
    expect(late).toMatchObject({ status: 410, body: { code: 'ERR_SESSION_ENDED' } })
  })

  it('counts wrong ones with those of the sign-in page', async () => {
    const app = await appForm()
    const page = await annasPage(app)
    let last: unknown
    for (let times = 0; times < 60 && last !== 'throttled'; times++)
      last = (await app.ask(page, '/change-password', { current: 'not this one', next: fresh })).body.outcome
    expect(last).toBe('throttled')
    await expect(app.to.signIn('anna')).rejects.toThrow('429')
  })

  it('changes nobody else’s: not that of the same name at another authenticator, nor with a colleague’s password', async () => {
    const app = await appForm()
    const provider = await app.page(await app.to.sessionOf({ ...anna, authenticator: 'partner' }))
    const body = { current: password, next: fresh }
    expect((await app.ask(provider, '/change-password', body)).body).toEqual({ outcome: 'elsewhere' })
    const nobody = await app.page(await app.browser())
    expect((await app.ask(nobody, '/change-password', body)).body.code).toBe('ERR_STATE_ANONYMOUS')
    const mixed = {
      handed: { ...(await annasPage(app)).handed, 'holdfast-page': nobody.handed['holdfast-page'] ?? '' },
    }
    expect((await app.ask(mixed, '/change-password', body)).body.code).toBe('ERR_SIGN_IN_PAGE')
    expect(await app.to.signIn('anna')).toMatch(/=v1\./)
  })

  it('does not do with a password alone what asks for a second factor, nor anything while the store is away', async () => {
    const app = await appForm()
    const page = await annasPage(app)
    const body = { current: password, next: fresh }
    app.to.store.away = true
    expect((await app.ask(page, '/change-password', body)).body).toEqual({ outcome: 'unavailable' })
    app.to.store.away = false
    const totp = { secret: 'JBSWY3DPEHPK3PXP', lastStep: 0, since: 0 }
    await app.to.appPeople.factors.change(anna, (record) => ({ ...record, totp }))
    const needed = { outcome: 'factor-needed' }
    expect((await app.ask(page, '/change-password', body)).body).toEqual(needed)
    expect((await app.ask(page, '/update-details', { password, name: 'Anna Fern' })).body).toEqual(needed)
    const other = await app.page(await app.browser())
    expect((await app.submit(other)).body).toEqual(needed)
  })
})

describe('updating details by the app’s own form', () => {
  it('needs the password; a name changes at once, an address once its link was used', async () => {
    const { app, mail } = await withMail()
    const page = await annasPage(app)
    const wrong = { password: 'not this one', name: 'Anna Fern' }
    expect((await app.ask(page, '/update-details', wrong)).body).toEqual({ outcome: 'credentials' })
    expect(app.to.users.details('anna')?.name).toBe('Anna Alga')
    const renamed = await app.ask(page, '/update-details', { password, name: 'Anna Fern' })
    expect(renamed.body).toEqual({ outcome: 'changed' })
    expect(app.to.users.details('anna')?.name).toBe('Anna Fern')
    const moved = await app.ask(page, '/update-details', { password, email: 'fern@example.org' })
    expect(moved.body).toEqual({ outcome: 'asked' })
    await mail.mailTo('fern@example.org')
    expect(app.to.users.details('anna')?.email).toBe('anna@example.org')
    const missing = await app.ask(page, '/update-details', { password, name: ' ' })
    expect(missing.body).toEqual({ outcome: 'missing', label: null })
  })

  it('says nothing of who has an address already', async () => {
    const { app, mail } = await withMail()
    const page = await app.page(await app.to.sessionOf(ben))
    const asked = await app.ask(page, '/update-details', { password, email: 'anna@example.org' })
    expect(asked.body).toEqual({ outcome: 'asked' })
    expect((await mail.mailTo('anna@example.org')).text).not.toContain('ben')
  })

  it('takes no body that is not one', async () => {
    const app = await appForm()
    const page = await annasPage(app)
    for (const body of [{}, { password: 7 }, [], { password: 'x'.repeat(20_000) }])
      expect((await app.ask(page, '/update-details', body)).body.code).toBe('ERR_STATE_REQUEST')
  })
})
