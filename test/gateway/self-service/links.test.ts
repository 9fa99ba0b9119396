/** The links of mails: where they lead, what uses them up, and who is shown what they open. */
import { describe, expect, it } from 'vitest'
import { fetchFrom } from '../loopback.ts'
import { linkIn } from '../mail-server.ts'
import { formBrowser } from './browser-form.ts'
import { follow, fresh, own, stage } from './self-service-stage.ts'

describe('security: the pages of self-service', () => {
  it('links are of the configured address, whatever Host and X-Forwarded-Host say', async () => {
    const { to, mail, at } = await stage()
    await at.open(`${own}/forgot-password`)
    const evil = { 'x-forwarded-host': 'evil.example', forwarded: 'host=evil.example' }
    await at.post(`${own}/forgot-password`, { account: 'anna' }, evil)
    expect(linkIn(await mail.mailTo('anna@example.org')).origin).toBe(to.origin)
    expect(
      (await at.post(`${own}/forgot-password`, { account: 'ben' }, { host: 'evil.example' })).status,
    ).toBe(421)
  })

  it('a link that is fetched, prefetched or scanned is not used up, and its token is in no page and no log', async () => {
    const { to, mail, at } = await stage()
    await at.open(`${own}/forgot-password`)
    await at.post(`${own}/forgot-password`, { account: 'anna' })
    const letter = await mail.mailTo('anna@example.org')
    const link = linkIn(letter)
    const token = link.searchParams.get('link') ?? ''
    const before = to.store.writes()
    for (let look = 0; look < 3; look++) {
      const scanner = formBrowser(to)
      await scanner.open(link.pathname + link.search)
      await scanner.open(link.pathname)
      expect(
        (
          await fetchFrom(to.port, link.pathname + link.search, {
            method: 'HEAD',
            headers: { host: to.host },
          })
        ).status,
      ).toBe(303)
    }
    expect(to.store.writes()).toBe(before)
    const page = await follow(at, letter)
    const shown = await at.open(page)
    expect(shown.body).not.toContain(token)
    expect((await at.post(page, { new_password: fresh })).status).toBe(303)
    expect(JSON.stringify([to.log, to.events])).not.toContain(token)
    expect(to.upstream.requests.map(({ url }) => url).join()).not.toContain(token)
  })

  it('what a link opens is shown to no script of the app, and takes no form of one', async () => {
    const { to, mail, at } = await stage()
    await at.open(`${own}/forgot-password`)
    await at.post(`${own}/forgot-password`, { account: 'anna' })
    const page = await follow(at, await mail.mailTo('anna@example.org'))
    const script = { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }
    const fetched = await at.open(page, script)
    expect([fetched.status, fetched.body.includes('form_token')]).toEqual([403, false])
    const frame = { 'sec-fetch-site': 'same-origin', 'sec-fetch-dest': 'iframe' }
    expect((await at.open(page, frame)).status).toBe(403)
    // The tokens of forms that a script can read are good for nothing here.
    await at.open(`${own}/forgot-password`, script)
    expect((await at.post(page, { new_password: fresh })).status).toBe(400)
    expect((await at.post(page, { new_password: fresh }, script)).status).toBe(403)
    const shown = await at.open(page)
    expect(shown.headers['cross-origin-opener-policy']).toBe('same-origin')
    expect(shown.headers['content-security-policy']).toContain("frame-ancestors 'none'")
    await to.signIn('anna')
  })

  it('a link that is worth nothing says so, and is forgotten', async () => {
    const { at } = await stage()
    for (const page of ['reset-password', 'register', 'account/email']) {
      await at.open(`${own}/${page}?link=AAAA`)
      const shown = await at.open(`${own}/${page}`)
      expect([shown.status, shown.body.includes('This link is not good any more')], page).toEqual([410, true])
      for (const bad of ['x;y', 'x%0d%0aset-cookie:a=b', '%00', 'é']) {
        const sent = await at.open(`${own}/${page}?link=${encodeURI(bad)}`)
        for (const line of sent.setCookie) expect(line).toMatch(/^[\w-]+=; Max-Age=0/)
      }
    }
  })
})
