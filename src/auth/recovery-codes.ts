/** Codes for who has lost their telephone: each opens once, and only its image is kept. */
import { createHmac, randomBytes } from 'node:crypto'

// Crockford's base32: nothing that is read as something else.
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const howMany = 10
// 80 bits: nobody guesses that, whatever counts the guesses.
const letters = 16

/** Ten fresh codes, as they are shown to their owner, once. */
export function newRecoveryCodes(): readonly string[] {
  return Array.from({ length: howMany }, () => {
    // 256 is a multiple of 32: no letter is likelier than another.
    const code = [...randomBytes(letters)].map((byte) => alphabet[byte % 32]).join('')
    return code.replace(/.{4}(?=.)/g, '$&-')
  })
}

/** A typed code as it was shown; `null` for what is no code. */
export function readRecoveryCode(typed: string): string | null {
  const code = typed.toUpperCase().replace(/[\s-]/g, '').replaceAll('O', '0').replace(/[IL]/g, '1')
  return code.length === letters && [...code].every((letter) => alphabet.includes(letter)) ? code : null
}

/** What is kept of a code. `key` is for this alone; `account` keeps one account's codes from opening another. */
export function recoveryImage(key: Uint8Array, account: string, typed: string): string | null {
  const code = readRecoveryCode(typed)
  if (code === null) return null
  return createHmac('sha256', key)
    .update(JSON.stringify([account, code]))
    .digest('base64url')
}
