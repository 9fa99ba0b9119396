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
  randomFillSync,
  timingSafeEqual,
} from 'node:crypto'

const nonceBytes = 12
// Given explicitly on both sides: without it Node accepts tags as short as 4 bytes.
const tagBytes = 16

/** `length` bytes of the platform's CSPRNG. */
export function random(length: number): Uint8Array {
  return randomBytes(length)
}

/** A key that is used again and again. Opaque: printing it shows nothing. */
export type SecretKey = KeyObject

/** The key of these bytes, made once: of plain bytes Node makes one for each use (1 µs; 14 if it is left to find out). */
export function secretKey(bytes: Uint8Array): SecretKey {
  return createSecretKey(bytes)
}

function keyOf(key: Uint8Array | SecretKey): KeyObject {
  return key instanceof Uint8Array ? createSecretKey(key) : key
}

// Nonces are no secret, so many are drawn at once: each draw is a call into the kernel. A worker thread has its own.
const nonces = new Uint8Array(nonceBytes * 256)
let nonceAt = nonces.length

/** A random nonce that was given to nobody else. */
function freshNonce(): Uint8Array {
  if (nonceAt === nonces.length) {
    randomFillSync(nonces)
    nonceAt = 0
  }
  nonceAt += nonceBytes
  return nonces.slice(nonceAt - nonceBytes, nonceAt)
}

/** HMAC-SHA-256, 32 bytes. */
export function hmac(key: Uint8Array | SecretKey, text: string): Uint8Array {
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
export function seal(key: Uint8Array | SecretKey, plain: Uint8Array, bound: string): Uint8Array {
  const nonce = freshNonce()
  const cipher = createCipheriv('aes-256-gcm', keyOf(key), nonce, { authTagLength: tagBytes })
  cipher.setAAD(Buffer.from(bound, 'utf8'))
  const body = cipher.update(plain)
  // GCM is a stream: nothing is left over.
  cipher.final()
  return Buffer.concat([nonce, body, cipher.getAuthTag()])
}

/** What `seal` sealed; `null` for anything else: another key, another binding, a changed or cut box. */
export function open(key: Uint8Array | SecretKey, box: Uint8Array, bound: string): Uint8Array | null {
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
