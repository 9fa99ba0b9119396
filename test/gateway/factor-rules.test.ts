/** Paths that ask for more than being signed in: a factor, or one shown just now. */
import { describe, expect, it } from 'vitest'
import { startHarness } from './harness.ts'
import { password } from './people.ts'
import { rawExchange } from './raw-client.ts'
import { clock, withApp } from './second-factor.ts'
import { Visitor } from './visitor.ts'

const minute = 60_000

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
