/** The ticket that a sign-in by the app's own form is worth: once, to one page, for a minute. */
import { describe, expect, it } from 'vitest'
import { defaultPolicy } from '../../src/core/policy.ts'
import { appForm, cookieOf, newSecret } from './app-form.ts'
import { anna } from './people.ts'

describe('a ticket', () => {
  it('is worth one session: replayed it is worth nothing', async () => {
    const app = await appForm()
    const cookie = await app.browser()
    const page = await app.page(cookie)
    const { body } = await app.submit(page)
    const taking = { cookie, ticket: body.ticket, secret: page.secret }
    const now = cookieOf(await app.take(taking))
    for (const presented of [cookie, now ?? '', ''])
      expect(await app.take({ ...taking, cookie: presented })).toMatchObject({ status: 403, setCookie: [] })
  })

  it('makes one session of two tabs that submit at once, and of one that sends it many times', async () => {
    const app = await appForm()
    const cookie = await app.browser()
    const [first, second] = [await app.page(cookie), await app.page(cookie)]
    const tickets = await Promise.all(
      [first, second].map(async (page) => (await app.submit(page)).body.ticket),
    )
    // All of them have found their ticket good before one of them goes on.
    let waiting = 0
    let goOn = (): void => undefined
    const all = new Promise<void>((resolve) => {
      goOn = resolve
    })
    app.to.store.before = async (method) => {
      if (method !== 'once' && method !== 'create') return
      if (++waiting === 16) goOn()
      await all
    }
    const answers = await Promise.all(
      [...Array(16)].map((_, at) => {
        const page = at % 2 === 0 ? first : second
        return app.take({ cookie, ticket: tickets[at % 2], secret: page.secret })
      }),
    )
    const made = answers.map(cookieOf).filter((one) => one !== null)
    expect(made).toHaveLength(1)
    expect(answers.filter(({ status }) => status === 403)).toHaveLength(15)
    expect(await app.to.sessions.listUser(anna)).toHaveLength(1)
    expect(await app.whoIs(made[0] ?? '')).toBe(200)
  })

  it('is for the browser that it was typed into: another’s cookie takes nothing, and uses nothing up', async () => {
    const app = await appForm()
    const cookie = await app.browser()
    const page = await app.page(cookie)
    const { body } = await app.submit(page)
    const stolen = { ticket: body.ticket, secret: page.secret }
    const others = [await app.browser(), await app.to.sessionOf({ ...anna, userId: 'mallory' }), '']
    for (const other of others)
      expect(await app.take({ ...stolen, cookie: other })).toMatchObject({ status: 403, setCookie: [] })
    expect((await app.take({ ...stolen, cookie })).status).toBe(200)
  })

  it('is over after a minute', async () => {
    let at = Date.now()
    const app = await appForm({ now: () => at })
    const cookie = await app.browser()
    const page = await app.page(cookie)
    const { body } = await app.submit(page)
    at += 60_000
    const late = await app.take({ cookie, ticket: body.ticket, secret: page.secret })
    expect(late).toMatchObject({ status: 403, setCookie: [] })
  })

  it('makes no session of somebody who was revoked or disabled since their password was checked', async () => {
    const app = await appForm()
    for (const shut of [
      () => app.to.sessions.revokeUser(anna),
      () => app.to.standings.change(anna, { disabled: true }),
    ]) {
      const cookie = await app.browser()
      const page = await app.page(cookie)
      const { body } = await app.submit(page)
      await shut()
      const late = await app.take({ cookie, ticket: body.ticket, secret: page.secret })
      expect(late).toMatchObject({ status: 403, setCookie: [] })
    }
    expect(await app.to.sessions.listUser(anna)).toEqual([])
  })

  it('begins no session where they are signed in as often as they may be, and says so to the page', async () => {
    const policy = { ...defaultPolicy, perAccount: { most: 1, whenMore: 'refuse' } } as const
    const app = await appForm({ policy })
    const elsewhere = await app.to.sessionOf(anna)
    const cookie = await app.browser()
    const page = await app.page(cookie)
    const { body } = await app.submit(page)
    const answer = await app.take({ cookie, ticket: body.ticket, secret: page.secret })
    expect(answer).toMatchObject({ status: 429, setCookie: [] })
    expect(await app.whoIs(elsewhere)).toBe(200)
  })

  it('is none if it is not one of ours', async () => {
    const app = await appForm()
    const cookie = await app.browser()
    const page = await app.page(cookie)
    await app.submit(page)
    for (const ticket of [newSecret(), '', 'x'.repeat(43), '../../..'])
      expect((await app.take({ cookie, ticket, secret: page.secret })).status).toBe(403)
    expect((await app.take({ cookie, ticket: 'x'.repeat(600), secret: page.secret })).status).toBe(400)
  })
})
