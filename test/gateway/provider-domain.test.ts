/** Of all who have an account at a provider, those of one organisation: as the documentation says it for Google. */
import { describe, expect, it } from 'vitest'
import { startForgingProvider } from './forging-provider.ts'
import { startHarness } from './harness.ts'
import { fetchFrom } from './loopback.ts'

describe('the domain of an account at a provider', { timeout: 30_000 }, () => {
  it('lets in those of one organisation, by a rule, where it is the claim of roles', async () => {
    const provider = await startForgingProvider('kelp')
    const to = await startHarness({
      rules: [{ path: '/*', roles: ['example.org'] }],
      oidc: [
        {
          ...{
            name: 'kelp',
            label: 'Kelp ID',
            issuer: provider.issuer,
            clientId: 'kelp',
            clientSecret: null,
          },
          ...{ scopes: ['openid'], rolesClaim: 'hd', verifyEvery: 600_000, secondFactor: null },
        },
      ],
    })
    const status = async (claims: Readonly<Record<string, unknown>>): Promise<number> => {
      provider.forge = (good) => ({ ...good, claims: { ...good.claims, ...claims } })
      const { setCookie } = await provider.visit(to, 'kelp')
      const cookie = setCookie.find((line) => line.startsWith(`${to.cookieName}=`))?.split(';', 1)[0] ?? ''
      return (await fetchFrom(to.port, '/x', { headers: { host: to.host, cookie } })).status
    }
    expect(await status({ hd: 'example.org' })).toBe(200)
    // A private account, one of another organisation, and what people write into their own names.
    expect(await status({})).toBe(403)
    expect(await status({ hd: 'evil.example.org' })).toBe(403)
    expect(await status({ name: 'example.org', roles: ['example.org'], email: 'x@example.org' })).toBe(403)
  })
})
