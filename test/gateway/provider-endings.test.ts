/** A provider's word that its session is over reaches the sign-in that rests on it and is still under way. */
import { describe, expect, it, vi } from 'vitest'
import { totpCode, totpStep } from '../../src/auth/totp.ts'
import { StoreError } from '../../src/core/errors.ts'
import { defaultPolicy } from '../../src/core/policy.ts'
import type { AccountLimit } from '../../src/core/session-limit.ts'
import { withAdmin } from './admin-harness.ts'
import { startForgingProvider } from './forging-provider.ts'
import { type Harness, startHarness } from './harness.ts'
import { logoutToken, tell } from './logout-token.ts'
import { type Answer, fetchFrom } from './loopback.ts'
import { Visitor } from './visitor.ts'

const own = '/_holdfast'
const secret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'

describe('a provider’s session that is said to be over', { timeout: 60_000 }, () => {
  it.each([
    ['app', async ({ to }: Stage): Promise<Place> => to],
    ['admin page', ({ to, oidc }: Stage): Promise<Place> => withAdmin(to, { oidc })],
  ])('V7.6.1: lets nobody in at the %s, whatever step of their sign-in it comes before', async (_, at) => {
    const one = await stage()
    const place = await at(one)
    let step = 0
    for (let isHeard = true; isHeard; step++) {
      one.says.sid = `there ${step}`
      isHeard = false
      const answer = await between(one.to, step, {
        work: () => one.provider.visit(place, 'kelp'),
        async other() {
          isHeard = true
          expect(await one.end()).toBe(200)
        },
      })
      expect(await isIn(place, answer), `before step ${step}`).toBe(!isHeard)
    }
    expect(step).toBeGreaterThan(5)
  })

  it('V7.6.1: lets nobody in whose whole sign-in comes between whatever steps of hearing it', async () => {
    const { to, provider, says, end } = await stage()
    let step = 0
    for (let isBetween = true; isBetween; step++) {
      says.sid = `there ${step}`
      const answers: Answer[] = []
      const heard = await between(to, step, {
        work: end,
        other: async () => void answers.push(await provider.visit(to, 'kelp')),
      })
      expect(heard).toBe(200)
      for (const answer of answers) expect(await isIn(to, answer), `before step ${step}`).toBe(false)
      isBetween = answers.length > 0
    }
    expect(step).toBeGreaterThan(3)
  })

  it.each([
    ['itself', { sub: undefined }],
    ['and its person', {}],
  ])('V7.6.1: lets nobody in who is asked for a second factor meanwhile: %s', async (_, of) => {
    const { to, provider, says, end, who } = await stage()
    const at = new Visitor(to)
    for (const isHeard of [true, false]) {
      says.sid = `there ${isHeard}`
      await to.parts.factors.change(who, (record) => ({ ...record, totp: { secret, lastStep: 0, since: 0 } }))
      keep(at, await provider.visit(to, 'kelp'))
      await at.get(`${own}/factor`)
      if (isHeard) expect(await end(of)).toBe(200)
      const code = totpCode(secret, totpStep(Date.now()))
      const answer = await at.post(`${own}/factor`, { action: 'code', code })
      expect([answer.status, await at.isIn()]).toEqual(isHeard ? [400, false] : [303, true])
    }
  })

  it('V7.6.1: lets nobody in who is asked meanwhile which session shall end', async () => {
    const { to, provider, says, end } = await stage({ most: 1, whenMore: 'ask-to-take-over' })
    says.sid = 'elsewhere'
    const elsewhere = await provider.visit(to, 'kelp')
    says.sid = 'there'
    const at = new Visitor(to)
    const asked = await provider.visit(to, 'kelp')
    keep(at, asked)
    at.last = { ...asked, location: '' }
    const ticket = /name="ticket" value="([^"]+)"/.exec(asked.body)?.[1] ?? ''
    expect(ticket).not.toBe('')
    expect(await isIn(to, elsewhere)).toBe(true)
    expect(await end()).toBe(200)
    await at.post(`${own}/take-over`, { ticket, action: 'end-all' })
    // As nobody signs in, nobody's other sessions give way.
    expect([await at.isIn(), await isIn(to, elsewhere)]).toEqual([false, true])
  })

  it('keeps nobody out whose ID token the provider has issued since, nor those of another session there', async () => {
    const { to, provider, says, end, who } = await stage()
    expect(await end()).toBe(200)
    expect(await isIn(to, await provider.visit(to, 'kelp'))).toBe(false)
    says.iat++
    expect(await isIn(to, await provider.visit(to, 'kelp'))).toBe(true)
    says.iat -= 5
    expect(await isIn(to, await provider.visit(to, 'kelp'))).toBe(false)
    says.sid = 'elsewhere'
    expect(await isIn(to, await provider.visit(to, 'kelp'))).toBe(true)
    // Kept by a version that did not keep when it was issued, which may have been before.
    const old = JSON.stringify({ subject: 'ada', providerSid: 'there' })
    expect(await to.parts.people.providerEndings.covers(who.authenticator, old)).toBe(true)
    // An older word that comes later takes nothing back.
    says.sid = 'there'
    expect(await end({ iat: says.iat - 5 })).toBe(200)
    expect(await isIn(to, await provider.visit(to, 'kelp'))).toBe(false)
  })

  it('is not guessed where the store cannot tell: then nobody is let in', async () => {
    const { to, provider, who } = await stage()
    let isKept = false
    to.store.before = async (method) => {
      if (isKept && method === 'readState') throw new StoreError('ERR_STORE_UNAVAILABLE', 'For a moment.')
      isKept ||= method === 'writeState'
    }
    const answer = await provider.visit(to, 'kelp')
    expect([answer.status, cookieOf(answer)]).toEqual([503, ''])
    to.store.before = null
    await vi.waitFor(async () => expect(await to.sessions.listUser(who)).toEqual([]), { timeout: 20_000 })
  })
})

type Place = Pick<Harness, 'port' | 'host'>
type Stage = Awaited<ReturnType<typeof stage>>

/** A gateway and a provider that says of Ada, and of her session there, what a test wants. */
async function stage(perAccount?: AccountLimit) {
  const provider = await startForgingProvider('kelp')
  const says = { sid: 'there', iat: Math.floor(Date.now() / 1000), roles: ['admin'] }
  provider.forge = (good) => ({ ...good, claims: { ...good.claims, ...says } })
  const oidc = [
    {
      ...{ name: 'kelp', label: 'Kelp ID', issuer: provider.issuer, clientId: 'kelp', clientSecret: null },
      ...{ scopes: ['openid'], rolesClaim: 'roles', verifyEvery: 600_000, secondFactor: null },
    },
  ]
  const policy = { ...defaultPolicy, ...(perAccount !== undefined && { perAccount }) }
  const to = await startHarness({ oidc, policy })
  const { iat } = says
  let jti = 0
  /** The provider says that the session there is over; the status of the answer. */
  const end = async (of: Readonly<Record<string, unknown>> = { sub: undefined }): Promise<number> =>
    tell(to, await logoutToken(provider, { sid: says.sid, iat, jti: `${jti++}`, ...of }))
  return {
    to,
    provider,
    says,
    oidc,
    end,
    who: { authenticator: `oidc:${provider.issuer.href}`, userId: 'ada' },
  }
}

/** What `work` comes to if `other` is done as it asks the store for the `step`th time, or if it never does. */
async function between<Done>(
  to: Harness,
  step: number,
  { work, other }: { work(): Promise<Done>; other(): Promise<void> },
): Promise<Done> {
  let steps = 0
  to.store.before = async () => {
    if (steps++ !== step) return
    to.store.before = null
    await other()
  }
  const done = await work()
  to.store.before = null
  return done
}

function keep(at: Visitor, { setCookie }: Answer): void {
  for (const line of setCookie) {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
    at.cookies.set(name, value)
  }
}

/** The session's. */
function cookieOf({ setCookie }: Answer): string {
  return setCookie.find((line) => /=v1\./.test(line))?.split(';', 1)[0] ?? ''
}

/** Whether the browser that was answered this is signed in. */
async function isIn({ port, host }: Place, answer: Answer): Promise<boolean> {
  const cookie = cookieOf(answer)
  return cookie !== '' && (await fetchFrom(port, '/', { headers: { host, cookie } })).status === 200
}
