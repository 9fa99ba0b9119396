// Letters, marks and digits of any script, and the punctuation of e-mail addresses; a blank inside, none outside. Control
// and format characters stay out: the name becomes a header value, and two names must never look the same by an
// invisible character.
const pattern = /^[\p{L}\p{M}\p{N}._@+'~-]+(?: [\p{L}\p{M}\p{N}._@+'~-]+)*$/u

/** The most UTF-16 units a user name may have; longer ones are refused before any work is done on them. */
export const longestUserName = 128

/**
 * The one form of a user name: NFC, lower case, no blanks around; `null` for what no user can be called. Whatever looks
 * a user up or counts attempts MUST go through here, so that `Anna`, ` anna` and `anna` are one user to both. (A
 * gateway that counted spellings apart gave an attacker one budget of guesses per spelling: CVE-2025-24806.)
 */
export function canonicalUserName(text: string): string | null {
  if (text.length > longestUserName) return null
  const name = text.normalize('NFC').toLowerCase().normalize('NFC').trim()
  return name.length <= longestUserName && pattern.test(name) ? name : null
}
