/** The page of second factors, and what a factor that is being added shows to whom. */
import { describe, expect, it } from 'vitest'
import { totpCode, totpStep } from '../../src/auth/totp.ts'
import { startHarness } from './harness.ts'
import { ben, password } from './people.ts'
import { addApp, clock, codesOn, secretOn, withApp } from './second-factor.ts'
import { Visitor } from './visitor.ts'

const minute = 60_000

describe('security: a second factor that is being added', () => {
  it('is shown to the sign-in that adds it, and to no other of the same account', async () => {
    const to = await startHarness({ secondFactor: 'required' })
    const [owner, thief] = [new Visitor(to), new Visitor(to)]
    for (const one of [owner, thief]) {
      await one.enter('ben')
      await one.get('/_holdfast/factor')
    }
    const secret = secretOn((await owner.post('/_holdfast/factor', { action: 'totp-start' })).body)
    expect(secret).not.toBe('')
    for (const page of [
      await thief.get('/_holdfast/factor'),
      await thief.post('/_holdfast/factor', { action: 'totp-confirm', code: '000000' }),
    ])
      expect([secretOn(page.body), page.body.includes(secret)]).toEqual(['', false])
    expect(secretOn((await owner.get('/_holdfast/factor')).body)).toBe(secret)
  })

  it('by a sign-in is not added to an account that got one a moment before, and nobody is in by it', async () => {
    const at = clock()
    const to = await startHarness({ now: at.read, secondFactor: 'required' })
    const thief = new Visitor(to)
    await thief.enter('ben')
    await thief.get('/_holdfast/factor')
    const secret = secretOn((await thief.post('/_holdfast/factor', { action: 'totp-start' })).body)
    const passkey = { id: 'x', publicKey: '', counter: 0, transports: [], since: 0, device: '' }
    // Between what was read of the account and what is written: another replica, say.
    to.store.before = async (method) => {
      if (method !== 'writeState') return
      to.store.before = null
      await to.parts.factors.change(ben, (record) => ({ ...record, passkeys: [passkey] }))
    }
    const code = totpCode(secret, totpStep(at.now))
    await thief.post('/_holdfast/factor', { action: 'totp-confirm', code })
    expect(to.store.before).toBeNull()
    expect(await thief.isIn()).toBe(false)
    expect((await to.parts.factors.of(ben)).totp).toBeNull()
  })
})

describe('the page of second factors', () => {
  it('V7.4.3, V7.5.1: changes nothing without the password, ends the other sessions, and gives this one another token', async () => {
    const at = clock()
    const to = await startHarness({ now: at.read })
    const [mine, other] = [new Visitor(to), new Visitor(to)]
    await mine.enter('anna')
    await other.enter('anna')
    await mine.get('/_holdfast/account/factors')
    const refused = await mine.post('/_holdfast/account/factors', { action: 'totp-start', password: 'no' })
    expect(refused.status).toBe(401)
    expect(secretOn(refused.body)).toBe('')
    const before = mine.cookies.get(to.cookieName)
    await addApp(mine, at.read)
    expect(mine.cookies.get(to.cookieName)).not.toBe(before)
    expect([await mine.isIn(), await other.isIn()]).toEqual([true, false])
    expect((await to.audit.read(10)).entries.map(({ action }) => action)).toContain('factor-add')
  })

  it('V6.5.6: removes a factor for who has just shown it, and for nobody else, whatever password they know', async () => {
    const { to, owner, at, next } = await withApp()
    at.now += 6 * minute
    const page = await owner.get('/_holdfast/account/factors')
    expect(page.body).toContain('show first that it is you')
    const refused = await owner.post('/_holdfast/account/factors', { action: 'remove:totp', password })
    expect(refused.status).toBe(401)
    await owner.get('/_holdfast/step-up?return_to=%2F_holdfast%2Faccount%2Ffactors')
    const back = await owner.post('/_holdfast/step-up', { action: 'code', code: next() })
    expect([back.status, back.location]).toEqual([303, '/_holdfast/account/factors'])
    await owner.get('/_holdfast/account/factors')
    const done = await owner.post('/_holdfast/account/factors', { action: 'remove:totp' })
    expect(done.body).toContain('It is removed')
    const visitor = new Visitor(to)
    expect((await visitor.enter('anna')).location).toBe('/wanted')
    expect(to.events).toContainEqual(expect.objectContaining({ event: 'factor_removed', kind: 'totp' }))
  })

  it('V6.5.1: new recovery codes make the old ones worthless', async () => {
    const { to, owner, codes } = await withApp()
    await owner.get('/_holdfast/account/factors')
    const fresh = codesOn((await owner.post('/_holdfast/account/factors', { action: 'recovery' })).body)
    expect(fresh).toHaveLength(10)
    const visitor = new Visitor(to)
    await visitor.enter('anna')
    await visitor.get('/_holdfast/factor')
    expect((await visitor.post('/_holdfast/factor', { action: 'code', code: codes[0] ?? '' })).status).toBe(
      401,
    )
    expect((await visitor.post('/_holdfast/factor', { action: 'code', code: fresh[0] ?? '' })).status).toBe(
      303,
    )
  })

  it('V6.4.3: a new password needs the factor, too, once there is one', async () => {
    const { owner, at } = await withApp()
    at.now += 6 * minute
    await owner.get('/_holdfast/account')
    const answer = await owner.post('/_holdfast/account', {
      ...{ action: 'password', password, new_password: 'a much longer secret of kelp' },
    })
    expect(answer.location).toContain('/_holdfast/step-up')
    const visitor = new Visitor((await withApp()).to)
    expect((await visitor.enter('anna')).location).toBe('/_holdfast/factor')
  })

  it('P10: what the store holds of it opens for nobody who reads the store', async () => {
    const { to, secret, codes } = await withApp()
    const { store } = to.store
    const rows: string[] = []
    for await (const row of store.scan()) rows.push(Buffer.from(row.sealed).toString('latin1'))
    const dump = rows.join() + JSON.stringify([...to.store.calls])
    for (const one of [secret, ...codes]) expect(dump).not.toContain(one)
  })
})
