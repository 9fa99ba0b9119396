/** A sign-in on its way to its second factor, and one that must add it first. */
import { describe, expect, it } from 'vitest'
import { totpCode, totpStep } from '../../src/auth/totp.ts'
import { StoreError } from '../../src/core/errors.ts'
import { startHarness } from './harness.ts'
import { ben, password } from './people.ts'
import { clock, codesOn, secretOn, withApp } from './second-factor.ts'
import { Visitor } from './visitor.ts'

const minute = 60_000

describe('security: a sign-in on its way to its second factor', () => {
  it('CVE-2024-21500: guesses of codes are counted for the account across sign-ins, and a recovery code is one, too', async () => {
    const { to, next, at, codes } = await withApp()
    let last = 0
    for (let guess = 0; guess < 12; guess++) {
      const visitor = new Visitor(to)
      await visitor.enter('anna')
      await visitor.get('/_holdfast/factor')
      const code = guess % 2 === 0 ? '000000' : 'AAAA-AAAA-AAAA-AAAA'
      last = (await visitor.post('/_holdfast/factor', { action: 'code', code })).status
      // The password's own counters are another matter.
      at.now += 1000
      if (guess === 8) at.now += 5 * minute
    }
    expect(last).toBe(429)
    const visitor = new Visitor(to)
    await visitor.enter('anna')
    await visitor.get('/_holdfast/factor')
    expect((await visitor.post('/_holdfast/factor', { action: 'code', code: next() })).status).toBe(429)
    expect((await visitor.post('/_holdfast/factor', { action: 'code', code: codes[0] ?? '' })).status).toBe(
      429,
    )
    expect(to.events).toContainEqual(expect.objectContaining({ event: 'factor_throttled', userId: 'anna' }))
  }, 60_000)

  it('CVE-2024-21500: the count survives a restart, for the store keeps it', async () => {
    const stage = await withApp()
    const visitor = new Visitor(stage.to)
    await visitor.enter('anna')
    await visitor.get('/_holdfast/factor')
    for (let guess = 0; guess < 10; guess++)
      await visitor.post('/_holdfast/factor', { action: 'code', code: '000000' })
    const again = await startHarness({ store: stage.to.store, now: stage.at.read })
    const later = new Visitor(again)
    await later.enter('anna')
    await later.get('/_holdfast/factor')
    expect((await later.post('/_holdfast/factor', { action: 'code', code: stage.next() })).status).toBe(429)
  })

  it('V6.1.1: who does not know the password cannot keep its owner from the second step', async () => {
    const { to, next } = await withApp()
    const stranger = new Visitor(to)
    for (let guess = 0; guess < 5; guess++) await stranger.enter('anna', `wrong ${guess}`)
    await stranger.get('/_holdfast/factor')
    for (let guess = 0; guess < 12; guess++)
      await stranger.post('/_holdfast/factor', { action: 'code', code: '000000' })
    const visitor = new Visitor(to)
    await visitor.enter('anna')
    await visitor.get('/_holdfast/factor')
    expect((await visitor.post('/_holdfast/factor', { action: 'code', code: next() })).status).toBe(303)
  })

  it('belongs to the browser that typed the password, and ends once, after five minutes at the latest', async () => {
    const { to, next, at } = await withApp()
    const visitor = new Visitor(to)
    await visitor.enter('anna')
    await visitor.get('/_holdfast/factor')
    const thief = new Visitor(to)
    const ticket = [...visitor.cookies].find(([name]) => name.includes('factor'))
    thief.cookies.set(ticket?.[0] ?? '', ticket?.[1] ?? '')
    expect((await thief.get('/_holdfast/factor')).location).toBe('/_holdfast/sign-in')
    const code = next()
    const before = new Map(visitor.cookies)
    expect((await visitor.post('/_holdfast/factor', { action: 'code', code })).status).toBe(303)
    // The same ticket again, with another code.
    const replay = new Visitor(to)
    for (const [name, value] of before) replay.cookies.set(name, value)
    expect((await replay.get('/_holdfast/factor')).location).toBe('/_holdfast/sign-in')
    const late = new Visitor(to)
    await late.enter('anna')
    await late.get('/_holdfast/factor')
    at.now += 5 * minute
    expect((await late.post('/_holdfast/factor', { action: 'code', code: next() })).location).toBe(
      '/_holdfast/sign-in',
    )
    expect(await late.isIn()).toBe(false)
  })

  it('is over when everybody’s, or its own account’s, sessions were ended meanwhile', async () => {
    const { to, next, at } = await withApp()
    const visitor = new Visitor(to)
    await visitor.enter('anna')
    await visitor.get('/_holdfast/factor')
    at.now += 1000
    await to.sessions.revokeUser({ authenticator: 'users-file', userId: 'anna' })
    const answer = await visitor.post('/_holdfast/factor', { action: 'code', code: next() })
    expect(answer.status).toBe(400)
    expect(await visitor.isIn()).toBe(false)
  })

  it('shows nothing that was typed, and no secret, to anybody', async () => {
    const { to, secret } = await withApp()
    const visitor = new Visitor(to)
    await visitor.enter('anna')
    const page = await visitor.get('/_holdfast/factor')
    expect(page.body).not.toContain(secret)
    expect([...visitor.cookies.values()].join()).not.toContain('anna')
    expect(JSON.stringify(to.log) + JSON.stringify(to.events)).not.toContain(secret)
  })

  it('is not read or sent by the app’s scripts, which share our origin', async () => {
    const { to } = await withApp()
    const visitor = new Visitor(to)
    await visitor.enter('anna')
    for (const path of ['factor', 'step-up', 'account/factors']) {
      const answer = await visitor.get(`/_holdfast/${path}`, {
        'sec-fetch-mode': 'cors',
        'sec-fetch-dest': 'empty',
        'sec-fetch-site': 'same-origin',
      })
      expect(answer.status, path).toBe(403)
      expect(answer.body).not.toContain('form_token')
    }
  })

  it('takes no form that was not shown to this browser', async () => {
    const { to, next } = await withApp()
    const visitor = new Visitor(to)
    await visitor.enter('anna')
    await visitor.get('/_holdfast/factor')
    const code = next()
    expect((await visitor.post('/_holdfast/factor', { form_token: '', action: 'code', code })).status).toBe(
      400,
    )
    expect(await visitor.isIn()).toBe(false)
  })

  it('P5: lets nobody in while the store cannot tell whether there is a factor', async () => {
    const { to } = await withApp()
    const visitor = new Visitor(to)
    await visitor.get('/_holdfast/sign-in')
    to.store.before = async (method) => {
      if (method !== 'readState') return
      throw new StoreError('ERR_STORE_TIMEOUT', 'The store does not answer.')
    }
    const answer = await visitor.post('/_holdfast/sign-in', { username: 'anna', password })
    to.store.before = null
    expect(answer.status).toBe(503)
    expect(await visitor.isIn()).toBe(false)
  })
})

describe('a second factor that must be had', () => {
  it.each(['everybody', 'this account'])('is added before anything else, by %s', async (whose) => {
    const at = clock()
    const to = await startHarness({
      now: at.read,
      ...(whose === 'everybody' ? { secondFactor: 'required' as const } : {}),
    })
    if (whose !== 'everybody') await to.standings.change(ben, { factorRequired: true })
    const visitor = new Visitor(to)
    expect((await visitor.enter('ben')).location).toBe('/_holdfast/factor')
    expect((await visitor.get('/_holdfast/factor')).body).toContain('Your account needs a second factor')
    expect(await visitor.isIn()).toBe(false)
    const shown = await visitor.post('/_holdfast/factor', { action: 'totp-start' })
    expect(shown.body).toContain('<svg class="qr"')
    const secret = secretOn(shown.body)
    const wrong = await visitor.post('/_holdfast/factor', { action: 'totp-confirm', code: '000000' })
    expect(wrong.status).toBe(401)
    expect(secretOn(wrong.body)).toBe(secret)
    expect(await visitor.isIn()).toBe(false)
    const code = totpCode(secret, totpStep(at.now))
    const done = await visitor.post('/_holdfast/factor', { action: 'totp-confirm', code })
    expect(codesOn(done.body)).toHaveLength(10)
    expect(await visitor.isIn()).toBe(true)
    expect(to.events).toContainEqual(
      expect.objectContaining({ event: 'factor_enrolled', userId: 'ben', kind: 'totp' }),
    )
  })

  it('is no way to put another in the place of one that is there', async () => {
    const at = clock()
    const to = await startHarness({ now: at.read, secondFactor: 'required' })
    const [owner, thief] = [new Visitor(to), new Visitor(to)]
    await owner.enter('ben')
    await thief.enter('ben')
    const step = async (visitor: Visitor): Promise<string> => {
      await visitor.get('/_holdfast/factor')
      return secretOn((await visitor.post('/_holdfast/factor', { action: 'totp-start' })).body)
    }
    await step(thief)
    const secret = await step(owner)
    await owner.post('/_holdfast/factor', {
      action: 'totp-confirm',
      code: totpCode(secret, totpStep(at.now)),
    })
    expect(await owner.isIn()).toBe(true)
    const answer = await thief.post('/_holdfast/factor', { action: 'totp-start' })
    expect(secretOn(answer.body)).toBe('')
    expect(await thief.isIn()).toBe(false)
  })
})
