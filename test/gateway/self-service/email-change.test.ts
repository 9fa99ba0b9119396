/** Another address, and what keeps whoever knows a password for a while from having the account for good. */
import { hash as bcryptHash } from '@node-rs/bcrypt'
import { describe, expect, it, vi } from 'vitest'
import { totpCode, totpStep } from '../../../src/auth/totp.ts'
import { password } from '../people.ts'
import { addApp, clock } from '../second-factor.ts'
import { Visitor } from '../visitor.ts'
import { formBrowser } from './browser-form.ts'
import { follow, fresh, own, stage } from './self-service-stage.ts'

const wanted = { action: 'email', email: 'thief@evil.example', password }

describe('another address', { timeout: 30_000 }, () => {
  it('is not to be had any more by a link that was asked for before the password was changed', async () => {
    const { to, mail } = await stage()
    const thief = formBrowser(to, await to.signIn('anna'))
    await thief.open(`${own}/account/details`)
    await thief.post(`${own}/account/details`, wanted)
    const page = await follow(thief, await mail.mailTo('thief@evil.example'))
    expect((await thief.open(page)).body).toContain('will have the address thief@evil.example')
    const owner = formBrowser(to, await to.signIn('anna'))
    await owner.open(`${own}/account`)
    const changed = await owner.post(`${own}/account`, { action: 'password', password, new_password: fresh })
    expect(changed.status).toBe(303)
    expect((await thief.post(page, {})).body).toContain('This link is not good any more')
    expect(to.users.details('anna')?.email).toBe('anna@example.org')
  })

  it('is asked for with the second factor, where there is one, shown a moment ago', async () => {
    const at = clock()
    const { to, mail } = await stage({ now: at.read })
    const owner = new Visitor(to)
    await owner.enter('anna')
    const { secret } = await addApp(owner, at.read)
    const details = `${own}/account/details`
    Object.assign(owner.headers, { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' })
    at.now += 60 * 60_000
    await owner.get(details)
    const asked = await owner.post(details, wanted)
    const stepUp = `${own}/step-up?return_to=${encodeURIComponent(details)}`
    expect([asked.status, asked.location]).toEqual([303, stepUp])
    expect(mail.mails).toEqual([])
    await owner.get(stepUp)
    const code = totpCode(secret, totpStep(at.now))
    expect((await owner.post(`${own}/step-up`, { action: 'code', code })).location).toBe(details)
    await owner.get(details)
    expect((await owner.post(details, wanted)).body).toContain('Look into your mail')
    expect((await mail.mailTo('thief@evil.example')).subject).not.toBe('')
  })

  it('is the same password’s when that was only hashed anew meanwhile', async () => {
    const hash = await bcryptHash(password, { cost: 4 })
    const usersText = `users:\n  cleo:\n    email: cleo@example.org\n    password: ${hash}\n`
    const { to, mail } = await stage({ usersText })
    const identity = to.users.identity('cleo')
    if (identity === null) throw new Error('There is no Cleo.')
    const cleo = formBrowser(to, await to.sessionOf(identity))
    await cleo.open(`${own}/account/details`)
    await cleo.post(`${own}/account/details`, { ...wanted, email: 'kelp@example.org' })
    const page = await follow(cleo, await mail.mailTo('kelp@example.org'))
    const kept = (): string | null | undefined =>
      to.users.list().find(({ userId }) => userId === 'cleo')?.hash
    await vi.waitFor(() => expect(kept()).toBe('argon2id'), { timeout: 10_000 })
    await cleo.open(page)
    expect((await cleo.post(page, {})).body).toContain('Your new address is saved.')
  })
})
