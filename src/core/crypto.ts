/**
 * The one file of core that touches the platform. `node:crypto` exists on Node, Bun, Deno and workerd; WebCrypto would
 * cost 40 µs where 2 suffice and make every check asynchronous.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hash,
  hkdfSync,
  type KeyObject,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto'

const nonceBytes = 12
// Given explicitly on both sides: without it Node accepts tags as short as 4 bytes.
const tagBytes = 16

/** `length` bytes of the platform's CSPRNG. */
export function random(length: number): Uint8Array {
  return randomBytes(length)
}

/** Of plain bytes Node 24 takes 14 µs to find out that they are no key object; to make one takes 1. */
function keyOf(bytes: Uint8Array): KeyObject {
  return createSecretKey(bytes)
}

/** HMAC-SHA-256, 32 bytes. */
export function hmac(key: Uint8Array, text: string): Uint8Array {
  return createHmac('sha256', keyOf(key)).update(text).digest()
}

/** SHA-256 of a text, in base64url: the cheapest one-way image (0.3 µs). */
export function digest(text: string): string {
  return hash('sha256', text, 'base64url')
}

/** A 32-byte key for one purpose (HKDF-SHA-256, RFC 5869). */
export function derive(key: Uint8Array, salt: Uint8Array, purpose: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', keyOf(key), salt, purpose, 32))
}

/** Whether two byte strings are equal, in a time that depends on their length alone. */
export function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b)
}

/** AES-256-GCM: nonce, ciphertext, tag. A fresh random nonce each time; `bound` is authenticated, not stored. */
export function seal(key: Uint8Array, plain: Uint8Array, bound: string): Uint8Array {
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv('aes-256-gcm', keyOf(key), nonce, { authTagLength: tagBytes })
  cipher.setAAD(Buffer.from(bound, 'utf8'))
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
}

/** What `seal` sealed; `null` for anything else: another key, another binding, a changed or cut box. */
export function open(key: Uint8Array, box: Uint8Array, bound: string): Uint8Array | null {
  if (box.length < nonceBytes + tagBytes) return null
  const decipher = createDecipheriv('aes-256-gcm', keyOf(key), box.subarray(0, nonceBytes), {
    authTagLength: tagBytes,
  })
  decipher.setAAD(Buffer.from(bound, 'utf8'))
  decipher.setAuthTag(box.subarray(box.length - tagBytes))
  try {
    const plain = decipher.update(box.subarray(nonceBytes, box.length - tagBytes))
    const rest = decipher.final()
    return rest.length === 0 ? plain : Buffer.concat([plain, rest])
  } catch {
    // One answer for every failure, so that errors are no oracle.
    return null
  }
}

export function toBase64url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url')
}

/** The bytes of canonical, unpadded base64url; `null` for anything that is not exactly that. */
export function fromBase64url(text: string): Uint8Array | null {
  const bytes = Buffer.from(text, 'base64url')
  // Node skips foreign characters and ignores stray low bits: two spellings of one token would be two cache keys.
  return bytes.toString('base64url') === text ? bytes : null
}

export function toUtf8(text: string): Uint8Array {
  return Buffer.from(text, 'utf8')
}

export function fromUtf8(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(parts)
}
