/** What a provider says of who is out: believed of the provider alone, and asked about as little as can be. */
import { exportJWK, generateKeyPair } from 'jose'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { oidcProvider } from '../../src/auth/oidc-provider.ts'
import { AuthError } from '../../src/core/errors.ts'
import { type ForgingProvider, startForgingProvider } from '../gateway/forging-provider.ts'
import { logoutToken } from '../gateway/logout-token.ts'

describe('a logout token', { timeout: 30_000 }, () => {
  afterEach(() => {
    vi.useRealTimers()
  })

  it('that is not of this provider for this client asks nothing of the provider', async () => {
    const { provider, read } = await stage()
    const others = [
      { iss: 'https://elsewhere.example.org' },
      { iss: undefined },
      { aud: 'other' },
      { aud: [] },
    ]
    for (const other of [...others, { aud: undefined }, { aud: { kelp: true } }])
      expect(await read(await logoutToken(provider, other)), JSON.stringify(other)).toBeNull()
    const junk = [{ alg: 'RS256', kid: 'x', typ: 'logout+jwt' }, {}]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.')
    for (const text of ['', '.', 'a.b.c', `${junk}.AAAA`, `${junk}.`, `${junk}.AAAA.AAAA`])
      expect(await read(text), text).toBeNull()
    expect(provider.keysAsked).toBe(0)
  })

  it('asks for the provider’s keys once for many, good or forged', async () => {
    const { provider, read } = await stage()
    const { privateKey: key } = await generateKeyPair('RS256')
    const forged = await logoutToken({ ...provider, key })
    for (let time = 0; time < 20; time++) expect(await read(forged)).toBeNull()
    for (let time = 0; time < 20; time++) {
      const iat = Math.floor(Date.now() / 1000)
      const subject = await read(await logoutToken(provider, { jti: `${time}`, aud: ['other', 'kelp'], iat }))
      expect(subject).toEqual({ userId: 'ada', providerSid: null, issuedAt: iat, jti: `${time}` })
    }
    expect(provider.keysAsked).toBe(1)
  })

  it('by a key newer than the last look at the keys is not refused, but to be sent again', async () => {
    const { provider, read } = await stage()
    await read(await logoutToken(provider))
    const { publicKey, privateKey: key } = await generateKeyPair('RS256')
    Object.assign(provider.published, await exportJWK(publicKey), { kid: 'two' })
    const byNew = () => logoutToken({ ...provider, key }, {}, 'two')
    const early = await byNew()
    for (let time = 0; time < 20; time++) await expect(read(early)).rejects.toThrow(AuthError)
    expect(provider.keysAsked).toBe(1)
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 31_000 })
    expect(await read(await byNew())).toMatchObject({ userId: 'ada' })
    expect(provider.keysAsked).toBe(2)
    // By a key that the provider does not have: just looked for in vain, and then known.
    vi.setSystemTime(Date.now() + 31_000)
    expect(await read(await logoutToken({ ...provider, key }, {}, 'three'))).toBeNull()
  })
})

async function stage(): Promise<{
  readonly provider: ForgingProvider
  read(token: string): ReturnType<ReturnType<typeof oidcProvider>['readLogout']>
}> {
  const provider = await startForgingProvider('kelp')
  const { readLogout } = oidcProvider({
    ...{ issuer: provider.issuer, clientId: 'kelp', clientSecret: null, scopes: ['openid'] },
    ...{ redirectUri: 'http://127.0.0.1/callback', rolesClaim: 'roles' },
  })
  return { provider, read: readLogout }
}
