/** Having been at one's provider a moment ago is one thing, having shown a second factor another: neither stands for both. */
import { describe, expect, it } from 'vitest'
import { totpCode, totpStep } from '../../src/auth/totp.ts'
import { userPath, withAdmin } from './admin-harness.ts'
import { type ForgingProvider, startForgingProvider } from './forging-provider.ts'
import { type Harness, startHarness } from './harness.ts'
import { ben } from './people.ts'
import { secretOn } from './second-factor.ts'
import { Visitor } from './visitor.ts'

const own = '/_holdfast'
const hour = 3_600_000

describe('a visit to the provider', { timeout: 30_000 }, () => {
  it('V7.5.3: is asked of an admin besides the second factor, which does not stand for it', async () => {
    const { to, provider, oidc, pass, code } = await stage()
    const { port, host, origin } = await withAdmin(to, { oidc })
    const admin = new Visitor({ ...to, port, host, origin })
    const disable = async () => {
      await admin.get(userPath('ben'))
      return admin.post(userPath('ben'), { action: 'disable', password: '' })
    }
    await signIn({ ...to, port, host }, provider, admin, code())
    pass(6 * 60_000)
    // Neither is new, then the factor alone, then both.
    expect((await disable()).status).toBe(401)
    await admin.get(`${own}/step-up?return_to=${encodeURIComponent(userPath('ben'))}`)
    expect((await admin.post(`${own}/step-up`, { action: 'code', code: code() })).status).toBe(303)
    const asked = await disable()
    expect([asked.status, /href="[^"]*oidc\/kelp\?fresh=1/.test(asked.body)]).toEqual([401, true])
    expect((await to.standings.of(ben)).disabled).toBe(false)
    await signIn({ ...to, port, host }, provider, admin, code())
    expect((await disable()).status).toBe(200)
    expect((await to.standings.of(ben)).disabled).toBe(true)
  })

  it('V7.5.1: is asked for on the account page, whoever has shown a second factor just now', async () => {
    const { to, provider, pass, code } = await stage()
    const owner = new Visitor(to)
    const ended = async (): Promise<number> => {
      await owner.get(`${own}/account`)
      return (await owner.post(`${own}/account`, { action: 'end-others' })).status
    }
    await signIn(to, provider, owner, code())
    expect(await ended()).toBe(200)
    pass(6 * 60_000)
    expect(await ended()).toBe(401)
    await owner.get(`${own}/step-up?return_to=%2Fx`)
    expect((await owner.post(`${own}/step-up`, { action: 'code', code: code() })).status).toBe(303)
    expect(await ended()).toBe(401)
    await signIn(to, provider, owner, code())
    expect(await ended()).toBe(200)
  })

  it('V7.5.1: is asked for on the account page, whoever has added a second factor just now', async () => {
    const { to, provider, pass, now } = await stage()
    await to.parts.factors.change(ada(provider), (record) => ({ ...record, totp: null }))
    const owner = new Visitor(to)
    await signIn(to, provider, owner, null)
    await owner.get(`${own}/account/factors`)
    const secret = secretOn((await owner.post(`${own}/account/factors`, { action: 'totp-start' })).body)
    pass(6 * 60_000)
    const code = totpCode(secret, totpStep(now()))
    await owner.post(`${own}/account/factors`, { action: 'totp-confirm', code })
    expect((await to.parts.factors.of(ada(provider))).totp?.secret).toBe(secret)
    await owner.get(`${own}/account`)
    expect((await owner.post(`${own}/account`, { action: 'end-others' })).status).toBe(401)
  })

  it('is as long ago as it was for a rule that asks for either, once the factor was shown', async () => {
    const { to, provider, pass, code } = await stage()
    const owner = new Visitor(to)
    Object.assign(owner.headers, { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' })
    await signIn(to, provider, owner, code())
    expect((await owner.get('/fresh/x')).status).toBe(200)
    pass(6 * 60_000)
    expect((await owner.get('/fresh/x')).location).toContain(`${own}/step-up?`)
    await owner.get(`${own}/step-up?return_to=%2Ffresh%2Fx`)
    await owner.post(`${own}/step-up`, { action: 'code', code: code() })
    expect((await owner.get('/fresh/x')).status).toBe(200)
  })
})

const ada = ({ issuer }: ForgingProvider) => ({ authenticator: `oidc:${issuer.href}`, userId: 'ada' })

/** Ada, who has an authenticator app here, and is an admin by what her provider says. */
async function stage() {
  // The provider's clock is the real one: what is passed here must not get ahead of it.
  let at = Date.now() - hour
  const now = (): number => at
  const provider = await startForgingProvider('kelp')
  provider.forge = (good) => ({
    ...good,
    claims: { ...good.claims, roles: ['admin'], auth_time: Math.floor(at / 1000) },
  })
  const oidc = [
    {
      ...{ name: 'kelp', label: 'Kelp ID', issuer: provider.issuer, clientId: 'kelp', clientSecret: null },
      ...{ scopes: ['openid'], rolesClaim: 'roles', verifyEvery: 10 * hour, secondFactor: null },
    },
  ]
  const rules = [{ path: '/fresh/*', freshWithin: 5 * 60_000 }]
  const to = await startHarness({ oidc, rules, now })
  const secret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'
  const totp = { secret, lastStep: 0, since: 0 }
  await to.parts.factors.change(ada(provider), (record) => ({ ...record, totp }))
  const pass = (milliseconds: number): void => {
    at += milliseconds
  }
  const code = (): string => {
    pass(30_000)
    return totpCode(secret, totpStep(at))
  }
  return { to, provider, oidc, pass, code, now }
}

/** At the provider, then by the second factor where they have one. */
async function signIn(
  to: Harness,
  provider: ForgingProvider,
  who: Visitor,
  code: string | null,
): Promise<void> {
  const { setCookie, headers } = await provider.visit(to, 'kelp')
  for (const line of setCookie) {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
    who.cookies.set(name, value)
  }
  expect(headers.location).toBe(code === null ? '/wanted' : `${own}/factor`)
  if (code === null) return
  await who.get(`${own}/factor`)
  expect((await who.post(`${own}/factor`, { action: 'code', code })).status).toBe(303)
}
