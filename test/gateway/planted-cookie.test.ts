/** What somebody gains who planted an anonymous cookie before its victim signs in by the app's form. */
import { describe, expect, it } from 'vitest'
import { appForm, cookieOf, newSecret } from './app-form.ts'
import { password } from './people.ts'

describe('whoever planted the anonymous cookie and holds a copy of it', () => {
  it('gains nothing (fixation, A1): the copy is dead once the victim has signed in', async () => {
    const app = await appForm()
    const planted = await app.browser()
    const attacker = await app.page(planted)
    const victim = await app.page(planted)
    const { body } = await app.submit(victim)
    const now = cookieOf(await app.take({ cookie: planted, ticket: body.ticket, secret: victim.secret }))
    expect(await app.whoIs(now ?? '')).toBe(200)
    expect(await app.whoIs(planted)).toBe(401)
    await attacker.socket.closed
    const again = await app.ask(attacker, '/state/read', { scope: 'session' })
    expect(again.body).toEqual({ entries: {} })
    expect((await app.submit(attacker)).status).toBe(410)
  })

  it('cannot take the victim’s ticket even if it leaked: it needs the secret of the page it was typed into', async () => {
    const app = await appForm()
    const planted = await app.browser()
    const victim = await app.page(planted)
    // The worst: the attacker knows the victim's tab as well, and its page says that it is that tab.
    const attacker = await app.page(planted, { tab: victim.tab })
    const { body } = await app.submit(victim)
    for (const secret of [attacker.secret, newSecret(), victim.tab, ''])
      expect(await app.take({ cookie: planted, ticket: body.ticket, secret })).toMatchObject({
        setCookie: [],
      })
    const mine = await app.take({ cookie: planted, ticket: body.ticket, secret: victim.secret })
    expect(mine.status).toBe(200)
  })

  it('cannot take over the page into which the victim types, though it names the victim’s tab (B14)', async () => {
    const app = await appForm()
    const planted = await app.browser()
    const victim = await app.page(planted)
    for (const secret of [undefined, null, `${victim.secret}, holdfast-page.${victim.secret}`]) {
      const attacker = await app.page(planted, {
        tab: victim.tab,
        ...(secret === undefined ? {} : { secret }),
      })
      expect(attacker.streamlit).not.toBe(victim.streamlit)
    }
    // The victim's own page comes back to what it had, after F5 too.
    const reloaded = await app.page(planted, victim)
    expect(reloaded.streamlit).toBe(victim.streamlit)
  })

  it('signs itself in at most: the victim is not signed in as the attacker', async () => {
    const app = await appForm()
    const planted = await app.browser()
    const victim = await app.page(planted)
    const attacker = await app.page(planted)
    const { body } = await app.submit(attacker, { username: 'ben', password })
    const theirs = cookieOf(await app.take({ cookie: planted, ticket: body.ticket, secret: attacker.secret }))
    expect(await app.whoIs(theirs ?? '')).toBe(200)
    // The victim's browser holds a cookie that opens nothing any more.
    await victim.socket.closed
    expect(await app.whoIs(planted)).toBe(401)
  })
})
