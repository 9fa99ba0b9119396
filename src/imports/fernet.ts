/** Fernet, as Python's cryptography writes it: AES-128-CBC under HMAC-SHA-256. */
import { createDecipheriv, createHmac } from 'node:crypto'
import { equal } from '../core/crypto.ts'

/** What was in a Fernet token. */
export interface Opened {
  readonly bytes: Uint8Array
  /** Milliseconds. */
  readonly issuedAt: number
}

// Version, time, IV, one block, HMAC.
const shortest = 1 + 8 + 16 + 16 + 32

/**
 * What a token holds, `null` for any that was not made with this key of 32 bytes: the HMAC is checked before anything is
 * decrypted, and one answer stands for every failure, so that nobody learns of padding.
 */
export function openFernet(key: Uint8Array, token: string): Opened | null {
  // Padded base64url; Node would skip what is not, and so read many spellings as one.
  const box = Buffer.from(token, 'base64url')
  const spelt = box.toString('base64').replaceAll('+', '-').replaceAll('/', '_')
  if (spelt !== token || box.length < shortest || box[0] !== 0x80) return null
  const signed = box.subarray(0, box.length - 32)
  const mac = createHmac('sha256', key.subarray(0, 16)).update(signed).digest()
  if (!equal(mac, box.subarray(box.length - 32))) return null
  const seconds = Number(box.readBigUInt64BE(1))
  try {
    const decipher = createDecipheriv('aes-128-cbc', key.subarray(16), box.subarray(9, 25))
    const bytes = Buffer.concat([decipher.update(signed.subarray(25)), decipher.final()])
    return Number.isSafeInteger(seconds * 1000) ? { bytes, issuedAt: seconds * 1000 } : null
  } catch {
    return null
  }
}
