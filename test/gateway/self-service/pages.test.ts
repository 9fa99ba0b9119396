/** The pages of self-service: each from its form to what it is for, and alike for who is known and who is not. */
import { describe, expect, it } from 'vitest'
import { startHarness } from '../harness.ts'
import { fetchFrom } from '../loopback.ts'
import { anna, password } from '../people.ts'
import { formBrowser } from './browser-form.ts'
import { follow, fresh, own, stage } from './self-service-stage.ts'

describe('the pages of self-service', () => {
  it('are linked from the sign-in page where they are configured, and are not there where they are not', async () => {
    const { at } = await stage({ selfService: { guest: { roles: [] } } })
    const { body } = await at.open(`${own}/sign-in`)
    for (const page of ['register', 'forgot-password', 'forgot-username'])
      expect(body).toContain(`href="${own}/${page}"`)
    expect(body).toContain(`action="${own}/guest"`)
    const bare = await startHarness()
    const plain = formBrowser(bare)
    expect((await plain.open(`${own}/sign-in`)).body).not.toMatch(/forgot-|_holdfast\/(?:register|guest)/)
    for (const page of ['register', 'forgot-password', 'reset-password', 'forgot-username', 'account/email'])
      expect((await plain.open(`${own}/${page}`)).status).toBe(404)
    expect((await plain.post(`${own}/guest`, {})).status).toBe(404)
  })

  it('a forgotten password: from the form by the mail to the new password, and every session ends', async () => {
    const { to, mail, at } = await stage()
    const elsewhere = await to.signIn('anna')
    await at.open(`${own}/forgot-password`)
    const asked = await at.post(`${own}/forgot-password`, { account: 'anna' })
    expect([asked.status, asked.body.includes('Look into your mail')]).toEqual([200, true])
    const page = await follow(at, await mail.mailTo('anna@example.org'))
    expect((await at.open(page)).body).toContain('For the account anna.')
    expect((await at.post(page, { new_password: 'password' })).status).toBe(422)
    const done = await at.post(page, { new_password: fresh })
    expect([done.status, done.headers.location]).toEqual([303, `${own}/sign-in?reason=password-set`])
    expect((await at.open(`${own}/sign-in?reason=password-set`)).body).toContain('Your new password is set.')
    expect((await fetchFrom(to.port, '/x', { headers: { host: to.host, cookie: elsewhere } })).status).toBe(
      401,
    )
    await to.signIn('anna', fresh)
    expect([...at.jar.keys()].some((name) => name.includes('reset'))).toBe(false)
  })

  it('registering: from the address by the mail to an account that signs in', async () => {
    const { to, mail, at } = await stage()
    await at.open(`${own}/register`)
    expect((await at.post(`${own}/register`, { email: 'nobody' })).status).toBe(422)
    expect((await at.post(`${own}/register`, { email: 'Cleo@Example.org' })).body).toContain(
      'Look into your mail',
    )
    const page = await follow(at, await mail.mailTo('cleo@example.org'))
    expect((await at.open(page)).body).toContain('Your address is cleo@example.org.')
    const chosen = { username: 'cleo', name: 'Cleo Kelp', new_password: fresh, field_company: 'Kelp & Co' }
    for (const [wrong, says] of [
      [{ username: 'anna' }, 'That name is taken.'],
      [{ username: 'Admin' }, 'That cannot be a name.'],
      [{ username: '123456' }, 'That cannot be a name.'],
      [{ username: 'anna@example.org' }, 'That cannot be a name.'],
      [{ username: 'аnnа' }, 'That cannot be a name.'],
      [{ name: ' ' }, 'Please fill in: Your name'],
      [{ field_company: '' }, 'Please fill in: Company'],
      [{ new_password: 'password' }, 'among the first that are tried'],
    ] as const) {
      const refused = await at.post(page, { ...chosen, ...wrong })
      expect([refused.status, refused.body.includes(says)], says).toEqual([422, true])
      expect(refused.body).not.toContain(fresh)
    }
    const done = await at.post(page, chosen)
    expect([done.status, done.headers.location]).toEqual([303, `${own}/sign-in?reason=registered`])
    await to.signIn('cleo', fresh)
    expect(to.users.identity('cleo')?.claims).toEqual({
      ...{ name: 'Cleo Kelp', email: 'cleo@example.org', roles: ['viewer'] },
      fields: { company: 'Kelp & Co' },
    })
    expect(to.events).toContainEqual({ event: 'user_registered', userId: 'cleo' })
  })

  it('a forgotten username goes to its address, and to no other', async () => {
    const { mail, at, to } = await stage()
    await at.open(`${own}/forgot-username`)
    const known = await at.post(`${own}/forgot-username`, { email: 'anna@example.org' })
    const unknown = await at.post(`${own}/forgot-username`, { email: 'ghost@example.org' })
    expect(known.body.replace(/nonce="?[^"> ]+/g, '')).toBe(unknown.body.replace(/nonce="?[^"> ]+/g, ''))
    expect((await mail.mailTo('anna@example.org')).text).toContain('anna')
    await to.selfService.idle()
    expect(mail.mails).toHaveLength(1)
  })

  it('details: name and own fields with the password, the address once its link was opened', async () => {
    const { to, mail } = await stage()
    const at = formBrowser(to, await to.signIn('anna'))
    expect((await at.open(`${own}/account`)).body).toContain(`href="${own}/account/details"`)
    const shown = await at.open(`${own}/account/details`)
    expect(shown.body).toContain('value="Anna Alga"')
    const details = { action: 'details', name: 'Anna Berg', field_company: 'Kelp', field_phone: '' }
    expect((await at.post(`${own}/account/details`, { ...details, password: 'guess' })).status).toBe(401)
    expect(to.users.details('anna')?.name).toBe('Anna Alga')
    expect((await at.post(`${own}/account/details`, { ...details, password })).body).toContain('Saved.')
    expect(to.users.identity('anna')?.claims).toMatchObject({
      name: 'Anna Berg',
      fields: { company: 'Kelp' },
    })
    const email = { action: 'email', email: 'berg@example.org' }
    expect((await at.post(`${own}/account/details`, { ...email, password: '' })).status).toBe(401)
    expect((await at.post(`${own}/account/details`, { ...email, password })).body).toContain(
      'Look into your mail',
    )
    const page = await follow(at, await mail.mailTo('berg@example.org'))
    expect((await at.open(page)).body).toContain('will have the address berg@example.org')
    expect(to.users.details('anna')?.email).toBe('anna@example.org')
    expect((await at.post(page, {})).body).toContain('Your new address is saved.')
    expect(to.users.details('anna')?.email).toBe('berg@example.org')
    expect((await mail.mailTo('anna@example.org')).subject).toBe('Your address for Kelp was changed')
    expect((await to.sessions.listUser(anna)).length).toBe(1)
  })

  it('guests come in as somebody new each time, with the roles of guests and no others', async () => {
    const { to } = await stage({ selfService: { guest: { roles: ['visitor'] } } })
    const seen = new Set<string>()
    for (let n = 0; n < 2; n++) {
      const at = formBrowser(to)
      await at.open(`${own}/sign-in`)
      const done = await at.post(`${own}/guest`, { return_to: '/x' })
      expect([done.status, done.headers.location]).toEqual([303, '/x'])
      expect((await at.open('/x')).status).toBe(200)
      const request = to.upstream.requests.at(-1)
      expect(request?.values('x-forwarded-groups')).toEqual(['visitor'])
      seen.add(request?.values('x-forwarded-user')[0] ?? '')
    }
    expect(seen.size).toBe(2)
    const at = formBrowser(to)
    await at.open(`${own}/sign-in`)
    expect((await at.post(`${own}/guest`, { form_token: 'x' })).status).toBe(400)
    expect((await at.post(`${own}/guest`, {}, { 'sec-fetch-site': 'cross-site' })).status).toBe(403)
  })
})

describe('security: the pages of self-service', () => {
  it('V6.3.8: answer alike, save for the nonce, for who is known and who is not', async () => {
    const { at } = await stage()
    const same = async (path: string, field: string, values: readonly string[]): Promise<void> => {
      const answers = []
      for (const value of values) {
        await at.open(path)
        const { status, body, headers } = await at.post(path, { [field]: value })
        const shape = Object.keys(headers).sort().join()
        answers.push(JSON.stringify([status, shape, body.replace(/nonce="?[^"> ]+/g, '')]))
      }
      expect(new Set(answers).size, path).toBe(1)
    }
    await same(`${own}/forgot-password`, 'account', [
      'anna',
      'ghost',
      'anna@example.org',
      'ghost@example.org',
    ])
    await same(`${own}/forgot-username`, 'email', ['anna@example.org', 'ghost@example.org'])
    await same(`${own}/register`, 'email', ['anna@example.org', 'new@example.org'])
  })

  it('answer as fast, and alike, while the mail server is down, and say so in the log without the address', async () => {
    const { to, mail, at } = await stage()
    await mail.close()
    await at.open(`${own}/forgot-password`)
    const answer = await at.post(`${own}/forgot-password`, { account: 'anna' })
    expect([answer.status, answer.body.includes('Look into your mail')]).toEqual([200, true])
    await expect
      .poll(() => to.log.some(({ event }) => event === 'mail_failed'), { timeout: 10_000 })
      .toBe(true)
    expect(JSON.stringify(to.log)).not.toContain('anna@example.org')
  })
})
