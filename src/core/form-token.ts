import { equal, fromBase64url, hmac, random, toBase64url } from './crypto.ts'

/** What a form is for; a token of one is worthless for another. */
export type FormPurpose =
  | 'sign-in'
  | 'sign-out'
  | 'account'
  | 'factor'
  | 'factors'
  | 'step-up'
  | 'admin'
  | 'app'
  /** To ask for mail. */
  | 'self-service'
  /** To use a link: shown to who comes with one, as a document of its own. */
  | 'link'

/** `expired`: it was ours, in this browser, for this purpose, but too long ago. `invalid`: anything else. */
export type FormTokenVerdict = 'valid' | 'expired' | 'invalid'

export interface FormTokens {
  /** The token for a form that is shown now to the browser that holds `binding`. */
  issue(purpose: FormPurpose, binding: string): string
  /** Whether a submitted token was issued for this purpose to the browser that holds `binding`, in the last hour. */
  verify(token: string, purpose: FormPurpose, binding: string): FormTokenVerdict
}

const lifetime = 60 * 60 * 1000
// Replicas' clocks may differ: a token may seem to come from the near future.
const skew = 60 * 1000

// token = issued-at "." mac        issued-at: seconds, decimal, no leading zero; mac: 32 bytes of base64url
const grammar = /^([1-9][0-9]{0,11})\.([A-Za-z0-9_-]{43})$/

// SECURITY: every field with its length in front. Plainly joined, "1" + "23" and "12" + "3" would share one MAC
// (CVE-2023-35941).
function signed(purpose: string, issuedAt: string, binding: string): string {
  return ['form-token/1', purpose, issuedAt, binding].map((field) => `${field.length}:${field}`).join('')
}

/**
 * Signed form tokens that need no store: what shows that a form was ours, recent, and shown to this very browser.
 * `key` is for this alone; replicas share it.
 */
export function formTokens(key: Uint8Array, now: () => number = Date.now): FormTokens {
  const mac = (purpose: string, issuedAt: string, binding: string): Uint8Array =>
    hmac(key, signed(purpose, issuedAt, binding))

  return {
    issue(purpose, binding) {
      const issuedAt = String(Math.floor(now() / 1000))
      return `${issuedAt}.${toBase64url(mac(purpose, issuedAt, binding))}`
    },

    verify(token, purpose, binding) {
      const [, issuedAt, sent] = grammar.exec(token) ?? []
      if (issuedAt === undefined || sent === undefined || !isFormBinding(binding)) return 'invalid'
      const given = fromBase64url(sent)
      // The MAC first, so that nothing is learnt of a token that is not ours, not even that it is old.
      if (given === null || !equal(given, mac(purpose, issuedAt, binding))) return 'invalid'
      const age = now() - Number(issuedAt) * 1000
      if (age < -skew) return 'invalid'
      return age > lifetime + skew ? 'expired' : 'valid'
    },
  }
}

/** A fresh binding: what ties a form to one browser. Kept in a cookie, and used again while the cookie lasts. */
export function newFormBinding(): string {
  return toBase64url(random(16))
}

/** Whether a value has the shape of a binding. An empty or planted "1" binds nothing. */
export function isFormBinding(value: string): boolean {
  return /^[A-Za-z0-9_-]{22}$/.test(value) && fromBase64url(value) !== null
}
