import { describe, expect, it } from 'vitest'
import { totpCode, totpStep } from '../../src/auth/totp.ts'
import { StoreError } from '../../src/core/errors.ts'
import { ben, password, startHarness } from './harness.ts'
import { rawExchange } from './raw-client.ts'
import { addApp, clock, codesOn, secretOn, withApp } from './second-factor.ts'
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

describe('paths that ask for more than being signed in', () => {
  const rules = [
    { path: '/vault/*', factor: true },
    { path: '/pay/*', freshWithin: 10 * minute },
    { path: '/both/*', factor: true, freshWithin: 10 * minute, roles: ['admin'] },
  ]
  const navigation = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', accept: 'text/html' }

  it('V7.5.3, V7.2.4: lead to showing it once more, and back, under another token', async () => {
    const { to, owner, at, next } = await withApp({ rules })
    expect((await owner.get('/pay/now', navigation)).status).toBe(200)
    at.now += 10 * minute
    const led = await owner.get('/pay/now?what=kelp', navigation)
    expect([led.status, led.location]).toEqual([
      303,
      '/_holdfast/step-up?return_to=%2Fpay%2Fnow%3Fwhat%3Dkelp',
    ])
    await owner.get(led.location)
    const before = owner.cookies.get(to.cookieName)
    const wrong = await owner.post('/_holdfast/step-up', { action: 'code', code: '000000' })
    expect(wrong.status).toBe(401)
    const done = await owner.post('/_holdfast/step-up', { action: 'code', code: next() })
    expect([done.status, done.location]).toEqual([303, '/pay/now?what=kelp'])
    expect(owner.cookies.get(to.cookieName)).not.toBe(before)
    expect((await owner.get('/pay/now', navigation)).status).toBe(200)
    expect(to.events).toContainEqual(expect.objectContaining({ event: 'step_up_succeeded', userId: 'anna' }))
  })

  it('V7.5.3: ask for the password where there is no factor, and wrong ones are counted', async () => {
    const at = clock()
    const to = await startHarness({ rules, now: at.read })
    const visitor = new Visitor(to)
    await visitor.enter('ben')
    at.now += 10 * minute
    await visitor.get((await visitor.get('/pay/x', navigation)).location)
    expect((await visitor.post('/_holdfast/step-up', { action: 'password', password: 'no' })).status).toBe(
      401,
    )
    expect((await visitor.post('/_holdfast/step-up', { action: 'password', password })).location).toBe(
      '/pay/x',
    )
    expect((await visitor.get('/pay/x', navigation)).status).toBe(200)
    // A password is no second factor: one has to be added.
    const led = await visitor.get('/vault/x', navigation)
    expect(led.location).toContain('factor=1')
    expect((await visitor.get(led.location)).location).toBe('/_holdfast/account/factors')
  })

  it('answer what is no navigation with a problem that says so, and a socket with 401', async () => {
    const at = clock()
    const to = await startHarness({ rules, now: at.read })
    const visitor = new Visitor(to)
    await visitor.enter('ben')
    const answer = await visitor.get('/vault/data.json', { accept: 'application/json' })
    expect(answer.status).toBe(401)
    expect(JSON.parse(answer.body)).toMatchObject({ status: 401, code: 'step-up-required' })
    const cookie = [...visitor.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const { answers } = await rawExchange(
      to.port,
      to.request('GET /vault/socket', [
        ...['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'],
        ...['Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', `Origin: ${to.origin}`, `Cookie: ${cookie}`],
      ]),
    )
    expect(answers[0]?.status).toBe(401)
    expect(to.upstream.requests).toHaveLength(0)
  })

  it('ask nobody to show anything for what is not open to them', async () => {
    const to = await startHarness({ rules })
    const visitor = new Visitor(to)
    await visitor.enter('ben')
    expect((await visitor.get('/both/x', navigation)).status).toBe(403)
    const nobody = new Visitor(to)
    expect((await nobody.get('/vault/x', navigation)).location).toContain('/_holdfast/sign-in')
  })
})
