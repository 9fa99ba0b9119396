/** OWASP ASVS 5.0, V6.3 and V6.4: guessing, forgotten passwords, lost factors; what is no way round anything. */
import { readdir, readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { startAdminStage, userPath } from '../gateway/admin-harness.ts'
import { startHarness } from '../gateway/harness.ts'
import { linkIn, startMailServer } from '../gateway/mail-server.ts'
import { anna, password } from '../gateway/people.ts'
import { addApp } from '../gateway/second-factor.ts'
import { Visitor } from '../gateway/visitor.ts'

const fresh = 'another long kelp forest'

/** Anna, who has a second factor and may have her password reset by mail. */
async function annaWithMail() {
  const mail = await startMailServer()
  const sender = { url: mail.url, from: 'Kelp <kelp@example.org>', password: null }
  const to = await startHarness({ selfService: { mail: sender } })
  const owner = new Visitor(to)
  await owner.enter('anna')
  const factor = await addApp(owner)
  const visitor = new Visitor(to)
  await visitor.get('/_holdfast/forgot-password')
  await visitor.post('/_holdfast/forgot-password', { account: 'anna' })
  const { pathname, search } = linkIn(await mail.mailTo('anna@example.org'))
  return { to, factor, visitor, link: pathname + search }
}

describe('ASVS V6.3, guessing', () => {
  it('V6.3.1: guesses are counted over all replicas, and a restart forgives none', async () => {
    const to = await startHarness()
    const other = await startHarness({ store: to.store })
    const statuses: number[] = []
    for (let guess = 0; guess < 12; guess++) {
      const replica = guess % 2 === 0 ? to : other
      statuses.push((await new Visitor(replica).enter('anna', `guess ${guess}`)).status)
    }
    expect(statuses.slice(0, 10).every((status) => status === 401)).toBe(true)
    expect(statuses.slice(10)).toEqual([429, 429])
    const restarted = await startHarness({ store: to.store })
    expect((await new Visitor(restarted).enter('anna')).status).toBe(429)
    expect((await new Visitor(restarted).enter('ben')).status).toBe(303)
  })
})

describe('ASVS V6.4, forgotten and lost', () => {
  it('V6.3.6, V6.4.3: a link of a mail signs nobody in: the new password and the second factor still do', async () => {
    const { to, visitor, link, factor } = await annaWithMail()
    await visitor.get(link)
    await visitor.get('/_holdfast/reset-password')
    const done = await visitor.post('/_holdfast/reset-password', { new_password: fresh })
    expect(done.status).toBeLessThan(400)
    expect(await visitor.isIn()).toBe(false)
    expect((await visitor.enter('anna', password)).status).toBe(401)
    expect((await visitor.enter('anna', fresh)).location).toBe('/_holdfast/factor')
    expect(await visitor.isIn()).toBe(false)
    await visitor.get('/_holdfast/factor')
    const code = factor.codes[0] ?? ''
    expect((await visitor.post('/_holdfast/factor', { action: 'code', code })).status).toBe(303)
    expect(await visitor.isIn()).toBe(true)
    expect(to.events).toContainEqual({ event: 'password_reset', userId: 'anna' })
  })

  it('V6.4.4: who lost a factor gets it taken away by an admin who has just shown who they are, by no page of their own', async () => {
    const stage = await startAdminStage()
    const owner = new Visitor(stage.to)
    await owner.enter('ben')
    await addApp(owner)
    const visitor = new Visitor(stage.to)
    await visitor.enter('ben')
    const page = await visitor.get('/_holdfast/factor')
    expect(page.body).not.toMatch(/action" value="(?:totp|passkey)-start/)
    for (const action of ['totp-start', 'remove:totp', 'recovery'])
      expect((await visitor.post('/_holdfast/factor', { action })).status).toBeGreaterThanOrEqual(400)
    const admin = await stage.signIn('anna')
    const reset = { action: 'factors-reset' }
    expect((await admin.post(userPath('ben'), { ...reset, password: 'wrong' })).status).toBe(401)
    expect((await visitor.enter('ben')).location).toBe('/_holdfast/factor')
    expect((await admin.post(userPath('ben'), reset)).status).toBeLessThan(400)
    const entry = (await stage.to.audit.read(10)).entries.find(({ action }) => action === 'factors-reset')
    expect(entry).toMatchObject({ by: { userId: anna.userId }, to: { userId: 'ben' }, outcome: 'done' })
    expect((await visitor.enter('ben')).location).toBe('/wanted')
  })

  it('V6.4.2: there is no hint and no secret question, on any page, in any setting, in the users file', async () => {
    const source = new URL('../../src/', import.meta.url)
    for (const folder of ['pages/', 'auth/', 'gateway/']) {
      const names = await readdir(new URL(folder, source), { recursive: true })
      for (const name of names.filter((one) => one.endsWith('.ts'))) {
        const text = await readFile(new URL(folder + name, source), 'utf8')
        // The first pet, the mother's name, and where they were born.
        expect([name, /secret.?question|security.?question|password.?hint|maiden/i.test(text)]).toEqual([
          name,
          false,
        ])
      }
    }
    const asking = 'users:\n  cara: { password: x, hint: "my dog" }\n'
    await expect(startHarness({ usersText: asking })).rejects.toThrow(/hint/)
  })
})
