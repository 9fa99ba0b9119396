/** Tokens of every kind, made without the code under test: by hand, with the platform's own signatures. */
import { createHmac, createPrivateKey, type KeyObject, sign } from 'node:crypto'
import type { JWK } from 'jose'
import type { JsonObject } from '../../src/core/contracts.ts'
import { importJwtKey } from '../../src/jwt/jwt-key.ts'
import { type JwtKeySet, jwtKeySet } from '../../src/jwt/jwt-key-set.ts'

/** RFC 7515 A.3: the key whose numbers everybody has. */
export const es256: JWK = {
  kty: 'EC',
  crv: 'P-256',
  x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
  y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
  d: 'jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI',
  kid: 'es-1',
}
/** RFC 8037 A.1. */
export const ed25519: JWK = {
  kty: 'OKP',
  crv: 'Ed25519',
  d: 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A',
  x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
  kid: 'ed-1',
}
/** RFC 7515 A.1. */
export const hs256: JWK = {
  kty: 'oct',
  k: 'AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow',
  kid: 'hs-1',
}

/** The three keys in one set; ES256 signs. */
export async function threeKeys(): Promise<JwtKeySet> {
  return jwtKeySet([await importJwtKey(es256), await importJwtKey(ed25519), await importJwtKey(hs256)])
}

export function part(value: string | Uint8Array | JsonObject): string {
  if (typeof value === 'string') return Buffer.from(value, 'utf8').toString('base64url')
  return value instanceof Uint8Array
    ? Buffer.from(value).toString('base64url')
    : Buffer.from(JSON.stringify(value), 'utf8').toString('base64url')
}

/** Signs the two parts with the key of a JWK, whatever they say. */
export function signed(head: string, body: string, jwk: JWK = es256): string {
  const text = `${head}.${body}`
  return `${text}.${signatureOf(text, jwk).toString('base64url')}`
}

export function signatureOf(text: string, jwk: JWK): Buffer {
  if (jwk.kty === 'oct') return mac(Buffer.from(jwk.k ?? '', 'base64url'), text)
  const key: KeyObject = createPrivateKey({ key: { ...jwk }, format: 'jwk' })
  if (jwk.kty === 'OKP') return sign(null, Buffer.from(text), key)
  return sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' })
}

export function mac(key: string | Uint8Array, text: string, hash: string = 'sha256'): Buffer {
  return createHmac(hash, key).update(text).digest()
}
