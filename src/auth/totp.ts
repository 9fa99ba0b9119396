/** Codes by time (RFC 6238) from an authenticator app: HMAC-SHA-1, six digits, thirty seconds, as every app has it. */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

const stepSeconds = 30
const digits = 6
// RFC 4226 §4 R6: 160 bits.
const secretBytes = 20
// RFC 6238 §5.2: one step back for who types slowly, one ahead for a telephone that is fast.
const drift = 1
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** A fresh secret in base32, as apps take it. */
export function newTotpSecret(): string {
  return toBase32(randomBytes(secretBytes))
}

/** The code of one step of time (RFC 4226 §5.3). */
export function totpCode(secret: string, step: number): string {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(step))
  const mac = createHmac('sha1', fromBase32(secret)).update(counter).digest()
  const offset = (mac[mac.length - 1] ?? 0) & 0x0f
  const number = mac.readUInt32BE(offset) & 0x7fff_ffff
  return String(number % 10 ** digits).padStart(digits, '0')
}

/** The step of time that an instant of our own clock lies in: what the person's clock says counts for nothing. */
export function totpStep(now: number): number {
  return Math.floor(now / 1000 / stepSeconds)
}

/**
 * The step that a typed code belongs to; `null` if it is of none about `now`. SECURITY: `lastStep` is the latest that was
 * used: its code, and any before it, are spent, so that who looks over a shoulder comes too late (RFC 6238 §5.2).
 */
export function matchTotp(secret: string, typed: string, now: number, lastStep: number): number | null {
  const code = typed.replace(/\s/g, '')
  if (!/^\d{6}$/.test(code)) return null
  const given = Buffer.from(code)
  let found: number | null = null
  const middle = totpStep(now)
  // All of them, found or not: the time must not tell which.
  for (let step = middle - drift; step <= middle + drift; step++) {
    if (step < 0) continue
    const isIt = timingSafeEqual(given, Buffer.from(totpCode(secret, step)))
    if (isIt && step > lastStep) found = step
  }
  return found
}

/** What an app reads from the picture on the screen (`otpauth:`, the key-URI format). */
export function totpUri(secret: string, { issuer, account }: { issuer: string; account: string }): string {
  // A colon would end the issuer's part of the label.
  const [by, who] = [issuer, account].map((text) => encodeURIComponent(text.replaceAll(':', ' ')))
  return `otpauth://totp/${by}:${who}?secret=${secret}&issuer=${by}&algorithm=SHA1&digits=${digits}&period=${stepSeconds}`
}

function toBase32(bytes: Uint8Array): string {
  let bits = ''
  for (const byte of bytes) bits += byte.toString(2).padStart(8, '0')
  return (bits.match(/.{1,5}/g) ?? [])
    .map((five) => alphabet[Number.parseInt(five.padEnd(5, '0'), 2)])
    .join('')
}

function fromBase32(text: string): Uint8Array {
  let bits = ''
  for (const letter of text) bits += alphabet.indexOf(letter).toString(2).padStart(5, '0')
  return Uint8Array.from(bits.match(/.{8}/g) ?? [], (eight) => Number.parseInt(eight, 2))
}
