/** One key, one algorithm: RFC 8725 §3.1 leaves nothing of that to a token. */
import type { CryptoKey, JWK } from 'jose'
import { calculateJwkThumbprint, exportJWK, generateKeyPair, generateSecret, importJWK } from 'jose'
import type { JsonObject } from '../core/contracts.ts'
import { fromBase64url, toBase64url } from '../core/crypto.ts'
import { ConfigError } from '../core/errors.ts'
import type { Keyring } from '../core/keyring.ts'

/** `HS256`: one secret signs and verifies. `ES256` and `EdDSA` (Ed25519): others may verify with the public half. */
export type JwtAlgorithm = 'HS256' | 'ES256' | 'EdDSA'

/** A key that was checked and is bound to its one algorithm. Printing it shows no secret. */
export interface JwtKey {
  readonly kid: string
  readonly alg: JwtAlgorithm
  /** `null` for a key that only verifies. */
  readonly signing: CryptoKey | null
  readonly verifying: CryptoKey
  /** What the JWKS endpoint shows of it; `null` for a secret. */
  readonly published: JsonObject | null
}

const least = 32
const longestKid = 128
const curves = { 'EC P-256': 'ES256', 'OKP Ed25519': 'EdDSA' } as const

/**
 * The key in a JWK: `oct` of 32 bytes or more, `EC` P-256 or `OKP` Ed25519, private or (to verify only) public. Without a
 * `kid` its thumbprint (RFC 7638) names it. Throws `ConfigError` for any other key, and for halves that do not match.
 */
export async function importJwtKey(jwk: JWK): Promise<JwtKey> {
  const alg = algorithmOf(jwk)
  if (jwk.alg !== undefined && jwk.alg !== alg)
    throw refused(`its alg ${JSON.stringify(jwk.alg)} is not ${alg}`)
  if (jwk.use !== undefined && jwk.use !== 'sig')
    throw refused(`its use ${JSON.stringify(jwk.use)} is not "sig"`)
  const kid = jwk.kid ?? (await thumbprint(jwk))
  if (kid === '' || kid.length > longestKid) throw refused(`its kid must have 1 to ${longestKid} characters`)
  return alg === 'HS256' ? secretKey(jwk, kid) : keyPair(jwk, kid, alg)
}

/** A new private JWK with `kid` and `alg`, to be kept where secrets are kept. */
export async function generateJwtKey(alg: JwtAlgorithm): Promise<JWK> {
  const made =
    alg === 'HS256'
      ? await generateSecret('HS256', { extractable: true })
      : (await generateKeyPair(alg, { extractable: true })).privateKey
  const jwk = await exportJWK(made)
  return { ...jwk, kid: await calculateJwkThumbprint(jwk), alg, use: 'sig' }
}

/**
 * An `HS256` key that every replica on this store derives alike: nothing to configure, and it outlives the rotation of
 * server secrets. `app` tells apps that share a store apart.
 */
export function keyringJwtKey(keyring: Keyring, app: string = ''): Promise<JwtKey> {
  const k = toBase64url(keyring.key(`jwt/hs256/v1|${app}`))
  return importJwtKey({ kty: 'oct', k, alg: 'HS256', kid: keyring.kid })
}

function algorithmOf(jwk: JWK): JwtAlgorithm {
  if (jwk.kty === 'oct') return 'HS256'
  if (jwk.kty === undefined) throw refused('it has no kty, as what was never set')
  const name = `${jwk.kty} ${jwk.crv}`
  if (name === 'EC P-256' || name === 'OKP Ed25519') return curves[name]
  throw refused(`it is ${name}, not oct, EC P-256 or OKP Ed25519`)
}

async function thumbprint(jwk: JWK): Promise<string> {
  try {
    return await calculateJwkThumbprint(jwk)
  } catch (cause) {
    throw refused('a part of it is missing', cause)
  }
}

async function secretKey(jwk: JWK, kid: string): Promise<JwtKey> {
  const bytes = fromBase64url(jwk.k ?? '')
  // RFC 7518 §3.2: a shorter one can be guessed from any token, away from the server and its throttles.
  if (bytes === null || bytes.length < least || new Set(bytes).size < 10)
    throw refused(`its secret needs at least ${least} random bytes in base64url`)
  const hmac = { name: 'HMAC', hash: 'SHA-256' }
  const key = await crypto.subtle.importKey('raw', Buffer.from(bytes), hmac, false, ['sign', 'verify'])
  return { kid, alg: 'HS256', signing: key, verifying: key, published: null }
}

async function keyPair(jwk: JWK, kid: string, alg: 'ES256' | 'EdDSA'): Promise<JwtKey> {
  const { kty, crv, x, y, d } = jwk
  const open = { kty, crv, x, ...(kty === 'EC' ? { y } : {}) } as JWK
  try {
    const verifying = (await importJWK(open, alg)) as CryptoKey
    const signing = d === undefined ? null : ((await importJWK({ ...open, d } as JWK, alg)) as CryptoKey)
    const published = { ...open, kid, alg, use: 'sig' } as unknown as JsonObject
    return { kid, alg, signing, verifying, published }
  } catch (cause) {
    throw refused('its numbers are no point of the curve, or not those of its private half', cause)
  }
}

// Says nothing of the key's members: they are the secret.
function refused(why: string, cause?: unknown): ConfigError {
  return new ConfigError(
    'ERR_CONFIG_INVALID',
    `This JWT key cannot be used: ${why}. Make one with generateJwtKey.`,
    {
      cause,
    },
  )
}
