import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hmac, random, toBase64url } from '../../src/core/crypto.ts'
import { openKeyring } from '../../src/core/keyring.ts'
import { type Token, tokenMint } from '../../src/core/token.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { secret, startAt } from './samples.ts'

const keyring = await openKeyring(memoryStore(), [secret])
const mint = tokenMint(keyring)
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

const signedIn = mint.issue('signed-in', startAt)
const anonymous = mint.issue('anonymous', startAt)
const credentials = [mint.write(signedIn), mint.write(anonymous)]

function same(read: Token | null, token: Token): boolean {
  return (
    read !== null &&
    read.kind === token.kind &&
    read.issuedAt === token.issuedAt &&
    Buffer.compare(read.secret, token.secret) === 0
  )
}

describe('tokenMint()', () => {
  it('reads what it wrote, of both classes', () => {
    expect(same(mint.read(mint.write(signedIn)), signedIn)).toBe(true)
    expect(same(mint.read(mint.write(anonymous)), anonymous)).toBe(true)
    expect(mint.read(mint.write(anonymous))?.issuedAt).toBe(startAt)
  })

  it('writes at most 128 characters that every cookie, header and URL can carry', () => {
    for (const credential of credentials) expect(credential).toMatch(/^(v1|a1)\.[\w.-]{70,120}$/)
    expect(mint.write(mint.issue('anonymous', Number.MAX_SAFE_INTEGER)).length).toBeLessThanOrEqual(128)
  })

  it('ASVS 7.2.2, 7.2.3: issues 32 random bytes, no two alike', () => {
    const tokens = Array.from({ length: 20_000 }, () => mint.issue('signed-in', startAt))
    expect(tokens.every((token) => token.secret.length === 32)).toBe(true)
    expect(new Set(tokens.map((token) => Buffer.from(token.secret).toString('hex'))).size).toBe(20_000)
  })

  it('SECURITY: refuses a credential with any one character changed to any other', () => {
    for (const credential of credentials) {
      for (let at = 0; at < credential.length; at++) {
        for (const other of `${alphabet}.=+/ %\u00e9`) {
          if (other === credential[at]) continue
          expect(mint.read(credential.slice(0, at) + other + credential.slice(at + 1))).toBeNull()
        }
      }
    }
  })

  it('SECURITY: refuses one with any one bit turned, or cut, prolonged, doubled, padded or quoted', () => {
    for (const credential of credentials) {
      for (let bit = 0; bit < credential.length * 8; bit++) {
        const code = credential.charCodeAt(bit >> 3) ^ (1 << (bit & 7))
        const changed =
          credential.slice(0, bit >> 3) + String.fromCharCode(code) + credential.slice((bit >> 3) + 1)
        expect(mint.read(changed)).toBeNull()
      }
      for (let length = 0; length < credential.length; length++) {
        expect(mint.read(credential.slice(0, length))).toBeNull()
        expect(mint.read(credential.slice(credential.length - length))).toBeNull()
      }
      for (const changed of [
        ...[`${credential}=`, `${credential}A`, ` ${credential}`, `${credential}\n`, `"${credential}"`],
        ...[credential + credential, `${credential}.`, `.${credential}`, credential.replaceAll('.', '..')],
        ...[credential.toUpperCase(), encodeURIComponent(`${credential} `), `${credential}\0`],
      ]) {
        expect(mint.read(changed)).toBeNull()
      }
    }
  })

  it('SECURITY: never takes one class for the other', () => {
    const [kid, token, mac] = mint.write(signedIn).split('.').slice(1)
    const [akid, issued, atoken, amac] = mint.write(anonymous).split('.').slice(1)
    for (const forged of [
      `a1.${kid}.${token}.${mac}`,
      `a1.${kid}.${issued}.${token}.${mac}`,
      `v1.${akid}.${issued}.${atoken}.${amac}`,
      `v1.${akid}.${atoken}.${amac}`,
      `v1.${akid}.${issued}.${amac}`,
      `v2.${kid}.${token}.${mac}`,
      `V1.${kid}.${token}.${mac}`,
    ]) {
      expect(mint.read(forged)).toBeNull()
    }
  })

  it('SECURITY: checks each class under a key of its own, so that a MAC made for one is none for the other', () => {
    const macOf = (text: string, purpose: string): string =>
      toBase64url(hmac(keyring.key(purpose), text).subarray(0, 16))
    for (const [credential, own, other] of [
      [mint.write(signedIn), 'mac/v1|', 'mac/a1|'],
      [mint.write(anonymous), 'mac/a1|', 'mac/v1|'],
    ] as const) {
      const text = credential.slice(0, credential.lastIndexOf('.'))
      expect(mint.read(`${text}.${macOf(text, own)}`)).not.toBeNull()
      expect(mint.read(`${text}.${macOf(text, other)}`)).toBeNull()
    }
  })

  it('gives the two classes different ids for one secret, so that no record serves both', () => {
    const bytes = random(32)
    expect(mint.id({ kind: 'signed-in', secret: bytes, issuedAt: null })).not.toBe(
      mint.id({ kind: 'anonymous', secret: bytes, issuedAt: startAt }),
    )
  })

  it('SECURITY: refuses the credentials of another key ring, of the same name or not', async () => {
    const other = await openKeyring(memoryStore(), [secret])
    const theirs = tokenMint(other)
    const namesake = tokenMint({ ...other, kid: keyring.kid })
    const renamed = tokenMint({ ...keyring, kid: other.kid })
    for (const kind of ['signed-in', 'anonymous'] as const) {
      expect(mint.read(theirs.write(theirs.issue(kind, startAt)))).toBeNull()
      expect(mint.read(namesake.write(namesake.issue(kind, startAt)))).toBeNull()
      expect(mint.read(renamed.write(renamed.issue(kind, startAt)))).toBeNull()
    }
  })

  it('SECURITY: refuses the credentials of another app in the same store', () => {
    const kelp = tokenMint(keyring, 'kelp')
    for (const kind of ['signed-in', 'anonymous'] as const) {
      const token = kelp.issue(kind, startAt)
      expect(mint.read(kelp.write(token))).toBeNull()
      expect(kelp.read(mint.write(token))).toBeNull()
    }
  })

  it('SECURITY: refuses a hundred thousand guesses and any text at all', () => {
    for (let guess = 0; guess < 100_000; guess++) {
      const text = Buffer.from(random(48)).toString('base64url')
      if (mint.read(`v1.${keyring.kid}.${text.slice(0, 43)}.${text.slice(20, 42)}`) !== null)
        expect.unreachable()
    }
    const part = fc.oneof(
      fc.constantFrom('v1', 'a1', keyring.kid, '', '.', ...credentials.flatMap((one) => one.split('.'))),
      fc.string({ unit: 'binary', maxLength: 50 }),
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.array(part).map((parts) => parts.join('.')),
        ),
        (text) => {
          expect(credentials.includes(text) || mint.read(text) === null).toBe(true)
        },
      ),
      { numRuns: 5_000 },
    )
  })

  it('SECURITY: refuses the id and everything else a stolen store holds as a credential', () => {
    const id = mint.id(signedIn)
    for (const text of [
      id,
      `v1.${keyring.kid}.${id}`,
      `v1.${keyring.kid}.${id}.`,
      `v1.${keyring.kid}.${id}.${id.slice(0, 22)}`,
    ]) {
      expect(mint.read(text)).toBeNull()
    }
    expect(mint.id({ ...signedIn, secret: Buffer.from(id, 'base64url') })).not.toBe(id)
  })

  it('turns a token into an id of 43 characters that says nothing of it', () => {
    expect(mint.id(signedIn)).toMatch(/^[\w-]{43}$/)
    expect(mint.write(signedIn)).not.toContain(mint.id(signedIn))
  })

  it('looks at no more than 128 characters', () => {
    const began = performance.now()
    for (let i = 0; i < 1_000; i++) expect(mint.read(`${credentials[0]}${'.'.repeat(1_000_000)}`)).toBeNull()
    expect(performance.now() - began).toBeLessThan(1_000)
  })
})
