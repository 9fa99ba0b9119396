/** Secrets of the old system, and the keyed hashes it signs with. */
import { createHash, createHmac } from 'node:crypto'
import { equal, fromBase64url, toBase64url } from '../core/crypto.ts'
import { ConfigError } from '../core/errors.ts'

/** The old system's secret, or several, as it lists them. */
export type OldSecret = string | readonly string[]

export type OldHash = 'sha1' | 'sha256' | 'sha384' | 'sha512'

/** The secrets as a list. Throws `ConfigError` where there is none: an empty secret would let everyone sign. */
export function secretsOf(secret: OldSecret, transport: string): readonly string[] {
  const secrets = typeof secret === 'string' ? [secret] : secret
  if (secrets.length > 0 && secrets.every((one) => one !== '')) return secrets
  throw new ConfigError(
    'ERR_CONFIG_INVALID',
    `import ${transport}: the secret is missing or empty. Give the one that the old system signed with.`,
  )
}

export function oldHmac(hash: OldHash, key: string | Uint8Array, text: string | Uint8Array): Uint8Array {
  return createHmac(hash, key).update(text).digest()
}

export function sha1(...parts: readonly string[]): Uint8Array {
  const hash = createHash('sha1')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

/** Whether a signature in base64url is one of these, in the one spelling that the old system writes. */
export function isSigned(signature: string, valid: readonly Uint8Array[]): boolean {
  const bytes = fromBase64url(signature)
  return bytes !== null && valid.some((one) => equal(bytes, one))
}

/** A one-way image of what was signed: as long as nobody has the secret, nobody makes another credential of the same. */
export function proofOf(transport: string, signed: string): string {
  return toBase64url(createHash('sha256').update(`import/v1|${transport}|${signed}`).digest())
}
