/** Registering: who may, under which name, and once. */
import { describe, expect, it } from 'vitest'
import { linkIn } from '../mail-server.ts'
import { follow, fresh, own, registration, stage } from './self-service-stage.ts'

describe('security: the pages of self-service', () => {
  it('an address that has an account is told so by mail, and is sent no link', async () => {
    const { mail, at } = await stage()
    await at.open(`${own}/register`)
    await at.post(`${own}/register`, { email: 'anna@example.org' })
    const { text } = await mail.mailTo('anna@example.org')
    expect(text).toContain('It has one already: anna')
    expect(text).not.toContain('link=')
  })

  it('B16: a name that was somebody’s is nobody else’s: what is kept under it stays theirs', async () => {
    const { to, mail, at } = await stage()
    await to.users.remove('ben')
    await expect.poll(() => to.log.some(({ event }) => event === 'user_changed')).toBe(true)
    await at.open(`${own}/register`)
    await at.post(`${own}/register`, { email: 'new@example.org' })
    const page = await follow(at, await mail.mailTo('new@example.org'))
    await at.open(page)
    const chosen = { name: 'Ben', new_password: fresh, field_company: 'x' }
    expect((await at.post(page, { ...chosen, username: 'ben' })).body).toContain('That name is taken.')
    expect((await at.post(page, { ...chosen, username: 'benno' })).status).toBe(303)
  })

  it('registers whom the list, a domain or the file names, and nobody else; the answer is the same', async () => {
    const only = {
      ...registration,
      open: false,
      domains: ['kelp.org'],
      emails: ['kim@example.org'],
      fields: [],
    }
    const { to, mail, at } = await stage({
      selfService: { registration: only },
      usersText: 'users: {}\npre-authorized:\n  emails: [lee@example.org]\n',
    })
    const bodies = new Set<string>()
    for (const email of [
      'a@kelp.org',
      'a@sub.kelp.org',
      'kim@example.org',
      'lee@example.org',
      'eve@example.org',
    ]) {
      await at.open(`${own}/register`)
      const { body } = await at.post(`${own}/register`, { email })
      bodies.add(body.replace(/nonce="?[^"> ]+/g, ''))
    }
    expect(bodies.size).toBe(1)
    await to.selfService.idle()
    const reached = mail.mails.map((one) => one.to[0])
    expect(reached.toSorted()).toEqual(['a@kelp.org', 'kim@example.org', 'lee@example.org'])
    const page = await follow(at, await mail.mailTo('lee@example.org'))
    await at.open(page)
    expect((await at.post(page, { username: 'lee', name: 'Lee', new_password: fresh })).status).toBe(303)
    expect(to.users.isPreauthorized('lee@example.org')).toBe(false)
  })

  it('100 who register at once are all answered; of those with one link one has the account', async () => {
    const { to, mail, at } = await stage()
    await at.open(`${own}/register`)
    await at.post(`${own}/register`, { email: 'new@example.org' })
    const token = linkIn(await mail.mailTo('new@example.org')).searchParams.get('link') ?? ''
    const outcomes = await Promise.all(
      Array.from({ length: 100 }, (_, n) =>
        to.selfService.registration?.register(
          { token, username: `new${n}`, name: 'New', password: fresh, fields: new Map([['company', 'x']]) },
          { address: '127.0.0.1' },
        ),
      ),
    )
    const kinds = outcomes.map((one) => one?.kind)
    expect(kinds.filter((kind) => kind === 'registered')).toHaveLength(1)
    expect(kinds.filter((kind) => kind === 'throttled')).toHaveLength(80)
    expect(kinds.filter((kind) => kind === 'link')).toHaveLength(19)
  })
})
