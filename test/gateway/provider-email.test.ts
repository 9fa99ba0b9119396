/** An e-mail address that no provider vouches for is nobody's: apps that go by addresses would take it for its owner's. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { OidcConfig } from '../../src/gateway/config.ts'
import { loadConfig } from '../../src/gateway/config-load.ts'
import { startForgingProvider } from './forging-provider.ts'
import { startHarness } from './harness.ts'
import { fetchFrom } from './loopback.ts'

const email = 'ceo@corp.example.org'

describe('an e-mail address at a provider', { timeout: 30_000 }, () => {
  it('reaches the app where the provider says that it is verified, and not else', async () => {
    const told = await teller({})
    for (const verified of [true, 'true'])
      expect(await told({ email, email_verified: verified })).toEqual([email])
    for (const verified of [
      false,
      'false',
      'False',
      'TRUE ',
      0,
      1,
      '1',
      '',
      'no',
      null,
      [true],
      { true: true },
    ])
      expect(await told({ email, email_verified: verified }), JSON.stringify(verified)).toEqual([])
    expect(await told({ email })).toEqual([])
  })

  it('reaches the app of a trusted provider that says nothing of it, and not where that says no', async () => {
    const told = await teller({ trustEmail: true })
    expect(await told({ email })).toEqual([email])
    expect(await told({ email, email_verified: true })).toEqual([email])
    for (const verified of [false, 'false', 0, '', null])
      expect(await told({ email, email_verified: verified }), JSON.stringify(verified)).toEqual([])
  })

  it('is trusted where the configuration says so of its provider, and nowhere else', async () => {
    const provider = (name: string, more: string): string =>
      `  - { name: ${name}, issuer: https://id.example.org/${name}, clientId: survey${more} }\n`
    const oidc = await providersOf(
      `oidc:\n${provider('a', '')}${provider('b', ', trustEmail: true')}${provider('c', ', trustEmail: false')}`,
    )
    expect(oidc.map(({ name, trustEmail = false }) => [name, trustEmail])).toEqual([
      ['a', false],
      ['b', true],
      ['c', false],
    ])
    await expect(providersOf(`oidc:\n${provider('a', ', trustEmail: sometimes')}`)).rejects.toThrow(
      'trustEmail',
    )
  })
})

/** Signs in with these claims, and resolves to the address that the app is told. */
async function teller(
  more: Pick<OidcConfig, 'trustEmail'>,
): Promise<(claims: Readonly<Record<string, unknown>>) => Promise<readonly string[]>> {
  const provider = await startForgingProvider('kelp')
  const to = await startHarness({
    oidc: [
      {
        ...{ name: 'kelp', label: 'Kelp ID', issuer: provider.issuer, clientId: 'kelp', clientSecret: null },
        ...{ scopes: ['openid'], rolesClaim: 'roles', verifyEvery: 600_000, secondFactor: null, ...more },
      },
    ],
  })
  return async (claims) => {
    provider.forge = (good) => ({ ...good, claims: { ...good.claims, ...claims } })
    const { setCookie } = await provider.visit(to, 'kelp')
    const cookie = setCookie.find((line) => line.startsWith(`${to.cookieName}=`))?.split(';', 1)[0] ?? ''
    expect((await fetchFrom(to.port, '/x', { headers: { host: to.host, cookie } })).status).toBe(200)
    return to.upstream.requests.at(-1)?.values('x-forwarded-email') ?? []
  }
}

async function providersOf(file: string): Promise<readonly OidcConfig[]> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-config-'))
  try {
    const path = join(folder, 'holdfast.yaml')
    await writeFile(path, file)
    return (await loadConfig({ options: new Map([['config', path]]), variables: {} })).config.oidc
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
