/** OWASP ASVS 5.0, V6.8: what is believed of an identity provider's word, and what is not. */
import { generateKeyPair } from 'jose'
import { describe, expect, it } from 'vitest'
import type { FactorClaims } from '../../src/auth/factor-claims.ts'
import { type Forged, type ForgingProvider, startForgingProvider } from '../gateway/forging-provider.ts'
import { type Harness, startHarness } from '../gateway/harness.ts'
import { fetchFrom } from '../gateway/loopback.ts'

async function startStage(
  secondFactor: FactorClaims | null = null,
): Promise<{ to: Harness; provider: ForgingProvider }> {
  const provider = await startForgingProvider('kelp')
  const to = await startHarness({
    rules: [
      { path: '/vault/*', factor: true },
      { path: '/safe/*', factor: true, freshWithin: 600_000 },
      { path: '/pay/*', freshWithin: 600_000 },
    ],
    oidc: [
      {
        ...{ name: 'kelp', label: 'Kelp ID', issuer: provider.issuer, clientId: 'kelp', clientSecret: null },
        ...{ scopes: ['openid'], rolesClaim: 'roles', verifyEvery: 600_000, secondFactor },
      },
    ],
  })
  return { to, provider }
}

function cookieOf(to: Harness, setCookie: readonly string[]): string | undefined {
  return setCookie.find((line) => line.startsWith(`${to.cookieName}=`))?.split(';', 1)[0]
}

describe('ASVS V6.8, the word of an identity provider', () => {
  it('V6.8.2, V10.5.1, V10.5.3, V10.5.4: counts signed by its own key, for us, for this sign-in, now, and never else', async () => {
    const { to, provider } = await startStage()
    const stranger = await generateKeyPair('RS256')
    const other = await generateKeyPair('ES256')
    const shared = new TextEncoder().encode(JSON.stringify(provider.published))
    const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
    const say = (more: Record<string, unknown>) => (good: Forged) => ({
      ...good,
      claims: { ...good.claims, ...more },
    })
    const past = Math.floor(Date.now() / 1000) - 600
    const forgeries: readonly (readonly [string, ForgingProvider['forge']])[] = [
      ['unsigned', ({ claims }) => `${part({ alg: 'none' })}.${part(claims)}.`],
      ['signed by a stranger', (good) => ({ ...good, key: stranger.privateKey })],
      [
        'by an unknown key',
        (good) => ({ ...good, header: { alg: 'RS256', kid: 'two' }, key: stranger.privateKey }),
      ],
      [
        'by another algorithm',
        (good) => ({ ...good, header: { alg: 'ES256', kid: 'one' }, key: other.privateKey }),
      ],
      ['by the public key', (good) => ({ ...good, header: { alg: 'HS256', kid: 'one' }, key: shared })],
      ['of another issuer', say({ iss: 'https://evil.example' })],
      ['of nearly this issuer', say({ iss: `${provider.issuer.origin}/` })],
      ['for another client', say({ aud: 'weed' })],
      ['for two, of which we are not the party', say({ aud: ['kelp', 'weed'], azp: 'weed' })],
      ['of another sign-in', say({ nonce: 'x' })],
      ['of no sign-in', say({ nonce: undefined })],
      ['of yesterday', say({ iat: past, exp: past + 60 })],
      ['without an end', say({ exp: undefined })],
      ['of nobody', say({ sub: undefined })],
      ['no token', () => 'x'],
      [
        'signed for something else',
        ({ claims }) => `${part({ alg: 'RS256', kid: 'one' })}.${part(claims)}.AAAA`,
      ],
    ]
    for (const [what, forge] of forgeries) {
      provider.forge = forge
      const answer = await provider.visit(to, 'kelp')
      expect([what, answer.status, cookieOf(to, answer.setCookie)]).toEqual([what, 400, undefined])
    }
    expect(to.events.filter(({ event }) => event === 'sign_in_succeeded')).toEqual([])
    provider.forge = (good) => good
    expect((await provider.visit(to, 'kelp')).headers.location).toBe('/wanted')
  }, 60_000)

  it('V6.8.4: that says nothing of when and how they signed in counts as one factor, shown long ago', async () => {
    const { to, provider } = await startStage()
    const now = Math.floor(Date.now() / 1000)
    // Whether paths open that want a factor, a factor shown just now, and anything shown just now.
    const tries = [
      [{}, [303, 303, 303]],
      [{ auth_time: now - 3600 }, [303, 303, 303]],
      [{ auth_time: 'now' }, [303, 303, 303]],
      // What nobody here was told to trust is no second factor, either.
      [{ auth_time: now, amr: ['mfa', 'otp'], acr: 'urn:example:mfa' }, [303, 303, 200]],
    ] as const
    for (const [claims, expected] of tries)
      expect([claims, await opened(to, provider, claims)]).toEqual([claims, expected])
  }, 30_000)

  it('V6.8.4: that says of a second factor what the configuration trusts counts as one, from when it says', async () => {
    const { to, provider } = await startStage({ acr: ['urn:example:mfa'], amr: ['mfa', 'hwk'] })
    const now = Math.floor(Date.now() / 1000)
    const tries = [
      [{ auth_time: now, amr: ['pwd', 'mfa'] }, [200, 200, 200]],
      [{ auth_time: now, acr: 'urn:example:mfa' }, [200, 200, 200]],
      [{ auth_time: now - 3600, amr: ['hwk'] }, [200, 303, 303]],
      // It says that, but not when: long ago.
      [{ amr: ['mfa'] }, [200, 303, 303]],
      // A clock of theirs that is ahead keeps nothing fresh for ever.
      [{ auth_time: now + 1e9, amr: ['mfa'] }, [200, 200, 200]],
      [{ auth_time: now, amr: ['pwd'] }, [303, 303, 200]],
      [{ auth_time: now, amr: 'mfa' }, [303, 303, 200]],
      [{ auth_time: now, amr: [['mfa']] }, [303, 303, 200]],
      [{ auth_time: now, acr: ['urn:example:mfa'] }, [303, 303, 200]],
      [{ auth_time: now, acr: 'mfa', amr: ['urn:example:mfa'] }, [303, 303, 200]],
    ] as const
    for (const [claims, expected] of tries)
      expect([claims, await opened(to, provider, claims)]).toEqual([claims, expected])
    expect((await provider.visit(to, 'kelp')).asked.get('acr_values')).toBe('urn:example:mfa')
  }, 30_000)

  it('V6.8.4: where a second factor must be had, asks for none that was shown there, and for one that was not', async () => {
    const { to, provider } = await startStage({ acr: [], amr: ['mfa'] })
    const identity = { authenticator: `oidc:${provider.issuer.href}`, userId: 'ada', claims: {} }
    await to.standings.change(identity, { factorRequired: true })
    for (const [amr, location] of [
      [['mfa'], '/wanted'],
      [['pwd'], '/_holdfast/factor'],
    ] as const) {
      provider.forge = (good) => ({ ...good, claims: { ...good.claims, amr } })
      expect((await provider.visit(to, 'kelp')).headers.location).toBe(location)
    }
  }, 30_000)
})

/** What the paths of the rules answer to who signed in with these claims. */
async function opened(to: Harness, provider: ForgingProvider, claims: object): Promise<readonly number[]> {
  provider.forge = (good) => ({ ...good, claims: { ...good.claims, ...claims } })
  const cookie = cookieOf(to, (await provider.visit(to, 'kelp')).setCookie) ?? ''
  const statuses: number[] = []
  for (const path of ['/vault/x', '/safe/x', '/pay/x']) {
    const headers = { host: to.host, cookie, 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
    statuses.push((await fetchFrom(to.port, path, { headers })).status)
  }
  return statuses
}
