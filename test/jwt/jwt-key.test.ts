import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose'
import { describe, expect, it } from 'vitest'
import { openKeyring, rotateSecrets } from '../../src/core/keyring.ts'
import { jwksHandler } from '../../src/jwt/jwks-handler.ts'
import { generateJwtKey, importJwtKey, keyringJwtKey } from '../../src/jwt/jwt-key.ts'
import { jwtKeySet } from '../../src/jwt/jwt-key-set.ts'
import { createJwtSessions } from '../../src/jwt/jwt-sessions.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { secret, startProcess } from '../core/samples.ts'
import { ed25519, es256, hs256, threeKeys } from './forge.ts'

const refused = { code: 'ERR_CONFIG_INVALID' }

describe('importJwtKey', () => {
  it('names a key without a kid by its thumbprint (RFC 8037 A.3)', async () => {
    const { kid: _, ...unnamed } = ed25519
    expect((await importJwtKey(unnamed)).kid).toBe('kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k')
  })

  it('takes a public key to verify with', async () => {
    const { d: _, ...open } = es256
    const key = await importJwtKey(open)
    expect(key.signing).toBeNull()
    expect(() => jwtKeySet([key])).toThrow('must be able to sign')
  })

  it.each([
    [
      'a secret of 31 bytes',
      {
        ...hs256,
        k: Buffer.from(hs256.k ?? '', 'base64url')
          .subarray(0, 31)
          .toString('base64url'),
      },
    ],
    ['a secret of one letter', { ...hs256, k: Buffer.alloc(64, 97).toString('base64url') }],
    ['a secret that is no base64url', { ...hs256, k: 'your_jwt_secret, twice: your_jwt_secret!' }],
    ['no secret', { kty: 'oct' }],
    ['RSA', { kty: 'RSA', n: 'AQAB', e: 'AQAB' }],
    ['P-384', { ...es256, crv: 'P-384' }],
    ['X25519', { ...ed25519, crv: 'X25519' }],
    ['another alg than its own', { ...es256, alg: 'HS256' }],
    ['a key for encryption', { ...es256, use: 'enc' }],
    ['a point off the curve', { ...es256, y: es256.x ?? '' }],
    ['halves of two keys', { ...ed25519, d: es256.d ?? '' }],
    ['halves of two points', { ...es256, d: 'VEmDZpDXXK8p8N0Cndsxs924q6nS1RXFASRl6BfUqdw' }],
    ['a kid without a letter', { ...es256, kid: '' }],
    ['a kid of 129 letters', { ...es256, kid: 'k'.repeat(129) }],
    ['nothing of it', {}],
  ])('refuses %s', async (_, jwk) => {
    await expect(importJwtKey(jwk)).rejects.toMatchObject(refused)
  })

  it('keeps the secret out of what it says of a key it refuses', async () => {
    const faults: unknown[] = []
    await importJwtKey({ ...hs256, k: 'short-and-secret' }).catch((fault) => faults.push(fault))
    expect(String(faults[0])).not.toContain('short-and-secret')
    expect(JSON.stringify(await importJwtKey(hs256))).not.toContain(hs256.k)
  })

  it('takes every key that generateJwtKey makes', async () => {
    for (const alg of ['HS256', 'ES256', 'EdDSA'] as const) {
      const jwk = await generateJwtKey(alg)
      const key = await importJwtKey(JSON.parse(JSON.stringify(jwk)))
      expect(key).toMatchObject({ alg, kid: jwk.kid })
    }
  })
})

describe('keyringJwtKey', () => {
  it('is the same on every replica and after the rotation of secrets, and another for another app', async () => {
    const store = memoryStore()
    const here = await keyringJwtKey(await openKeyring(store, [secret]))
    const newer = 'Tide-pools-hold-2026-what-the-sea-forgets'
    const there = await keyringJwtKey(await rotateSecrets(store, [newer, secret]))
    const text = new TextEncoder().encode('kelp')
    const signature = await crypto.subtle.sign('HMAC', here.verifying, text)
    expect(there.kid).toBe(here.kid)
    expect(await crypto.subtle.verify('HMAC', there.verifying, signature, text)).toBe(true)
    const other = await keyringJwtKey(await openKeyring(store, [newer]), 'survey')
    expect(await crypto.subtle.verify('HMAC', other.verifying, signature, text)).toBe(false)
  })
})

describe('jwtKeySet', () => {
  it('refuses no keys, and two of one name', async () => {
    const key = await importJwtKey(es256)
    expect(() => jwtKeySet([])).toThrow(expect.objectContaining(refused))
    expect(() => jwtKeySet([key, { ...key }])).toThrow(expect.objectContaining(refused))
  })
})

describe('jwksHandler', () => {
  const ask = async (method: string): Promise<Response> =>
    jwksHandler(await threeKeys())(new Request('https://app.example.org/jwks', { method }))

  it('shows the public keys, and nothing of a secret or a private half', async () => {
    const answer = await ask('GET')
    const text = await answer.text()
    expect(answer.headers.get('content-type')).toBe('application/jwk-set+json')
    expect(JSON.parse(text).keys.map(({ kid }: { kid: string }) => kid)).toEqual(['es-1', 'ed-1'])
    for (const hidden of [es256.d, ed25519.d, hs256.k, '"d"', '"k"']) expect(text).not.toContain(hidden)
  })

  it('answers HEAD without a body and refuses to be written to', async () => {
    expect(await (await ask('HEAD')).text()).toBe('')
    expect((await ask('POST')).status).toBe(405)
  })

  it('is enough for another service to verify a token with', async () => {
    const { sessions: manager, store, signIn, clock } = await startProcess()
    const keys = await threeKeys()
    const jwt = createJwtSessions({
      manager,
      store,
      keys,
      issuer: 'https://app.example.org',
      audience: 'survey',
      now: clock.now,
    })
    const token = (await jwt.accessToken((await signIn()).session)) ?? ''
    const set = (await (await ask('GET')).json()) as JSONWebKeySet
    const checks = { issuer: 'https://app.example.org', audience: 'survey', typ: 'at+jwt' }
    const verified = await jwtVerify(token, createLocalJWKSet(set), {
      ...checks,
      currentDate: new Date(clock.at),
    })
    expect(verified.payload.sub).toBe('anna')
  })
})
