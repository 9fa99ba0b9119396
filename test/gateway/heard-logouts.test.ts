/** A provider's word that somebody is out counts once, and only once it was acted upon. */
import { describe, expect, it } from 'vitest'
import { StoreError } from '../../src/core/errors.ts'
import { type ForgingProvider, startForgingProvider } from './forging-provider.ts'
import { type Harness, startHarness } from './harness.ts'
import { logoutToken, tell } from './logout-token.ts'
import { fetchFrom } from './loopback.ts'

describe('a logout token', { timeout: 30_000 }, () => {
  it.each([
    ['person', { sub: 'ada' }, 'revoke'],
    ['session there', { sid: 'there', sub: undefined }, 'end'],
  ])(
    'V7.6.1: of a %s, not acted upon for want of the store, is when it is sent again',
    async (_, of, step) => {
      const { to, provider, signIn } = await stage({ sid: 'there' })
      const session = await signIn()
      const token = await logoutToken(provider, of)
      to.store.before = async (method) => {
        if (method === step) throw new StoreError('ERR_STORE_UNAVAILABLE', 'For a moment.')
      }
      expect(await tell(to, token)).toBe(503)
      expect(await session()).toBe(200)
      to.store.before = null
      expect(await tell(to, token)).toBe(200)
      expect(await session()).toBe(401)
    },
  )

  it('V7.6.1: that was acted upon ends no session begun since, however often it is sent', async () => {
    const { to, provider, signIn } = await stage({})
    const before = await signIn()
    const token = await logoutToken(provider)
    expect(await tell(to, token)).toBe(200)
    expect(await before()).toBe(401)
    const since = await signIn()
    for (let time = 0; time < 3; time++) expect(await tell(to, token)).toBe(200)
    expect(await since()).toBe(200)
    // Another token is another word.
    expect(await tell(to, await logoutToken(provider, { jti: 'two' }))).toBe(200)
    expect(await since()).toBe(401)
  })

  it('V7.6.1: stays heard while the store fails those who replay it', async () => {
    const { to, provider, signIn } = await stage({})
    const token = await logoutToken(provider)
    expect(await tell(to, token)).toBe(200)
    const since = await signIn()
    for (const step of ['readState', 'writeState', 'once', 'hit']) {
      to.store.before = async (method) => {
        if (method === step) throw new StoreError('ERR_STORE_UNAVAILABLE', 'For a moment.')
      }
      await tell(to, token)
      to.store.before = null
    }
    expect(await tell(to, token)).toBe(200)
    expect(await since()).toBe(200)
  })

  it('is asked for again, and is no fault of ours, where its signature cannot be checked', async () => {
    const { to, provider, signIn } = await stage({})
    const session = await signIn()
    const token = await logoutToken(provider)
    provider.keysAway = true
    expect(await tell(to, token)).toBe(503)
    expect(to.log.filter(({ level }) => level === 'error')).toEqual([])
    provider.keysAway = false
    expect(await tell(to, token)).toBe(200)
    expect(await session()).toBe(401)
  })
})

/** A gateway, its provider, and who signs in there; what that resolves to tells the status of their session. */
async function stage(claims: Readonly<Record<string, unknown>>): Promise<{
  readonly to: Harness
  readonly provider: ForgingProvider
  signIn(): Promise<() => Promise<number>>
}> {
  const provider = await startForgingProvider('kelp')
  provider.forge = (good) => ({ ...good, claims: { ...good.claims, ...claims } })
  const to = await startHarness({
    oidc: [
      {
        ...{ name: 'kelp', label: 'Kelp ID', issuer: provider.issuer, clientId: 'kelp', clientSecret: null },
        ...{ scopes: ['openid'], rolesClaim: 'roles', verifyEvery: 600_000, secondFactor: null },
      },
    ],
  })
  return {
    ...{ to, provider },
    async signIn() {
      const { setCookie } = await provider.visit(to, 'kelp')
      const cookie = setCookie.find((line) => line.startsWith(`${to.cookieName}=`))?.split(';', 1)[0] ?? ''
      return async () => (await fetchFrom(to.port, '/x', { headers: { host: to.host, cookie } })).status
    },
  }
}
