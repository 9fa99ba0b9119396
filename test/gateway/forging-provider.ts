/** An OpenID provider that says whatever a test wants of whom it likes, signed or not: what a real one never would. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type CryptoKey, exportJWK, generateKeyPair, SignJWT } from 'jose'
import { onTestFinished } from 'vitest'
import type { Harness } from './harness.ts'
import { type Answer, fetchFrom } from './loopback.ts'

/** What an ID token is made of. */
export interface Forged {
  readonly claims: Record<string, unknown>
  readonly header: { alg: string; kid?: string }
  /** Signs it; the provider's own key unless another is put here. */
  readonly key: CryptoKey | Uint8Array
}

export interface ForgingProvider {
  readonly issuer: URL
  /** The public key, as anybody may read it. */
  readonly published: Record<string, unknown>
  /** Its private key. */
  readonly key: CryptoKey
  /** How often its keys were asked for. */
  keysAsked: number
  /** Whether it cannot answer when its keys are asked for. */
  keysAway: boolean
  /** Changes what would be a good token, or writes one in its place. */
  forge: (good: Forged) => Forged | string
  /** Goes there and comes back, at the gateway's provider `name`; what the callback answered, and the way there. */
  visit(
    to: Pick<Harness, 'port' | 'host'>,
    name: string,
    returnTo?: string,
  ): Promise<Answer & { readonly asked: URLSearchParams }>
}

export async function startForgingProvider(clientId: string): Promise<ForgingProvider> {
  const { publicKey, privateKey } = await generateKeyPair('RS256')
  const published = { ...(await exportJWK(publicKey)), kid: 'one', alg: 'RS256', use: 'sig' }
  const server = createServer((request, response) => {
    const say = (body: unknown): void => {
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify(body))
    }
    if (request.url === '/jwks') {
      provider.keysAsked++
      response.statusCode = provider.keysAway ? 503 : 200
      return say({ keys: [published] })
    }
    if (request.url !== '/token') return say(metadata)
    void idToken().then((token) => say({ access_token: 'x', token_type: 'bearer', id_token: token }))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close().closeAllConnections())
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const metadata = {
    ...{ issuer: origin, jwks_uri: `${origin}/jwks`, token_endpoint: `${origin}/token` },
    ...{ authorization_endpoint: `${origin}/auth`, response_types_supported: ['code'] },
    ...{ id_token_signing_alg_values_supported: ['RS256'], subject_types_supported: ['public'] },
  }
  let asked = new URLSearchParams()

  async function idToken(): Promise<string> {
    const at = Math.floor(Date.now() / 1000)
    const good: Forged = {
      claims: {
        ...{ iss: origin, aud: clientId, sub: 'ada', nonce: asked.get('nonce'), iat: at, exp: at + 60 },
        ...{ name: 'Ada', roles: ['diver'] },
      },
      header: { alg: 'RS256', kid: 'one' },
      key: privateKey,
    }
    const forged = provider.forge(good)
    if (typeof forged === 'string') return forged
    return new SignJWT(forged.claims).setProtectedHeader(forged.header).sign(forged.key)
  }

  const provider: ForgingProvider = {
    issuer: new URL(origin),
    published,
    key: privateKey,
    keysAsked: 0,
    keysAway: false,
    forge: (good) => good,
    async visit({ port, host }, name, returnTo = '/wanted') {
      const path = `/_holdfast/oidc/${name}`
      const begun = await fetchFrom(port, `${path}?return_to=${encodeURIComponent(returnTo)}`, {
        headers: { host },
      })
      asked = new URL(String(begun.headers.location)).searchParams
      const cookie = begun.setCookie.map((line) => line.split(';', 1)[0]).join('; ')
      const back = new URLSearchParams({ code: 'x', state: asked.get('state') ?? '' })
      const answer = await fetchFrom(port, `${path}/callback?${back}`, { headers: { host, cookie } })
      return { ...answer, asked }
    },
  }
  return provider
}
