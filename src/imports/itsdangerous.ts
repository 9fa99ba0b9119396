/** Signed texts of Python's itsdangerous: what Flask, Flask-Session and Starlette sign with. */
import { fromBase64url } from '../core/crypto.ts'
import { isSigned, oldHmac, sha1 } from './old-secret.ts'

/** How the signing key is made of the secret: `hmac` by Flask, `django-concat` where nothing else was said. */
export type KeyDerivation = 'hmac' | 'django-concat'

/** What a signature is over, and when it was made. */
export interface Timed {
  readonly value: string
  /** Seconds. */
  readonly signedAt: number
}

/** `value` of `value.signature`; `null` for every other signature, or another spelling of it. */
export function unsign(
  text: string,
  secrets: readonly string[],
  { salt, derivation }: { readonly salt: string; readonly derivation: KeyDerivation },
): string | null {
  const dot = text.lastIndexOf('.')
  if (dot < 0) return null
  const value = text.slice(0, dot)
  const keys = secrets.map((secret) =>
    derivation === 'hmac' ? oldHmac('sha1', secret, salt) : sha1(salt, 'signer', secret),
  )
  return isSigned(
    text.slice(dot + 1),
    keys.map((key) => oldHmac('sha1', key, value)),
  )
    ? value
    : null
}

/** What was signed in `value.timestamp`, that is what `unsign` gives; `null` if there is no time in it. */
export function timed(signed: string): Timed | null {
  const dot = signed.lastIndexOf('.')
  if (dot < 0) return null
  const bytes = fromBase64url(signed.slice(dot + 1))
  // Seconds since 1970, big-endian, without leading zeros. Six bytes hold more than any date.
  if (bytes === null || bytes.length === 0 || bytes.length > 6 || bytes[0] === 0) return null
  return { value: signed.slice(0, dot), signedAt: Buffer.from(bytes).readUIntBE(0, bytes.length) }
}

/** itsdangerous' own rule, in whole seconds: over at more than the age, and never from the future. */
export function isInTime(signedAt: number, maxAge: number, now: number): boolean {
  const age = Math.floor(now / 1000) - signedAt
  return age >= 0 && age <= maxAge
}
