import { commonPasswords, commonWords, isLeaked } from './common-passwords.ts'

const mostBytes = 1024
const fewestCharacters = 8

/** What a new password is compared with besides the common ones. */
export interface PasswordContext {
  readonly userId: string
  readonly name?: string | undefined
  readonly email?: string | undefined
  /** What stands for the place: its name, its host. */
  readonly words?: readonly string[] | undefined
}

/**
 * The text of a password as it is hashed (NFC), or `null` for what cannot be one: empty, over 1024 bytes, with NUL or
 * broken UTF-16. Asked before any hashing, so that a megabyte of password costs nothing. Nothing is cut or trimmed.
 */
export function acceptablePassword(password: string): string | null {
  if (password.length === 0 || password.length > mostBytes) return null
  // bcrypt implementations end a password at NUL, and broken surrogates all become the same replacement character:
  // either would let a different password in.
  if (password.includes('\0') || !password.isWellFormed()) return null
  const text = password.normalize('NFC')
  return Buffer.byteLength(text) <= mostBytes ? text : null
}

/**
 * Why this password must not be set, as a sentence for the person who chose it; `null` if it may. Length, common
 * passwords and names count; mixtures of character classes are not asked for (NIST SP 800-63B-4, ASVS 6.2.5).
 */
export function passwordFault(password: string, context: PasswordContext): string | null {
  const text = acceptablePassword(password)
  if (text === null) return `A password has 1 to ${mostBytes} bytes and no NUL.`
  if ([...text].length < fewestCharacters) return `A password has at least ${fewestCharacters} characters.`
  const lower = text.toLowerCase()
  if (commonPasswords.has(lower) || commonWords.has(bare(lower)) || isRun(lower) || isLeaked(lower)) {
    return 'This password is among the first that are tried. Choose another.'
  }
  if (names(context).includes(bare(lower)) || names(context).includes(lower)) {
    return 'A password is not the user name, the name or the e-mail address.'
  }
  if (places(context).some((place) => place === joined(bare(lower)) || place === joined(lower))) {
    return 'A password is not the name or the address of this app.'
  }
  return null
}

// `Password2024!` is `password` to everyone who guesses.
function bare(lower: string): string {
  const word = lower.replace(/^[\d\p{P}\p{S}]+|[\d\p{P}\p{S}]+$/gu, '')
  return word === '' ? lower : word
}

/** One block over and over (`aaaaaaaa`, `abcabcabc`), or the alphabet, digits or a keyboard row, either way. */
function isRun(lower: string): boolean {
  if (/^(.{1,4})\1+$/su.test(lower)) return true
  const rows = ['abcdefghijklmnopqrstuvwxyz', '01234567890', 'qwertyuiop', 'asdfghjkl', 'zxcvbnm']
  return rows.some((row) => row.includes(lower) || [...row].reverse().join('').includes(lower))
}

/** ASVS 6.2.11: what everybody who tries passwords here reads off the page or the address bar. */
function places({ words = [] }: PasswordContext): readonly string[] {
  return words.map((word) => joined(word.normalize('NFC').toLowerCase()))
}

function joined(words: string): string {
  return words.replaceAll(/[\s._-]/g, '')
}

function names(context: PasswordContext): readonly string[] {
  const { userId, name, email } = context
  const known = [userId, name, name?.replaceAll(' ', ''), email, email?.split('@')[0], userId.split('@')[0]]
  return known.filter((text) => text !== undefined).map((text) => text.normalize('NFC').toLowerCase())
}
