/** Whether a form is one of ours, and came from one of our pages. */
import type { IncomingMessage } from 'node:http'
import { type CsrfVerdict, csrf } from '../../core/csrf.ts'
import { formCookie, readFormCookie } from '../../core/form-cookie.ts'
import { type FormPurpose, newFormBinding } from '../../core/form-token.ts'
import type { ProblemCode } from '../../pages/problem-code.ts'
import type { GatewayParts } from '../parts.ts'

/** Why a form that was posted is refused unread; `null` if it may be read. */
export function formRefusal(parts: GatewayParts, { headers }: IncomingMessage): ProblemCode | null {
  const verdict: CsrfVerdict = csrf('POST', headers, { origin: parts.site.origin })
  if (verdict === 'allowed') return null
  return verdict === 'content-type' ? 'unsupported-type' : 'cross-origin'
}

/** What a form of ours that is shown now carries, and the Set-Cookie line that binds it to this browser. */
export function shownForm(
  { formCookieName, formTokens, site }: GatewayParts,
  { headers }: IncomingMessage,
  purpose: FormPurpose,
): { readonly token: string; readonly cookie: string; readonly binding: string } {
  const binding = readFormCookie(headers.cookie, formCookieName) ?? newFormBinding()
  return {
    binding,
    token: formTokens.issue(purpose, binding),
    cookie: formCookie(formCookieName, binding, site.secure),
  }
}

/**
 * Whether a page that shows secrets is asked for by the browser itself, for a person to see. SECURITY: the app's scripts share
 * our origin: they could fetch such a page and read it, its form token too. What they cannot do is say `navigate`.
 */
export function isShownToPerson({ headers }: IncomingMessage): boolean {
  const { 'sec-fetch-mode': mode = 'navigate', 'sec-fetch-dest': dest = 'document' } = headers
  return mode === 'navigate' && dest === 'document'
}

/** Whether this token was given to the browser that sends it, with a form of this kind. */
export function isFormToken(
  { formCookieName, formTokens }: GatewayParts,
  { headers }: IncomingMessage,
  token: string | undefined,
  purpose: FormPurpose,
): boolean {
  const binding = readFormCookie(headers.cookie, formCookieName)
  return token !== undefined && binding !== null && formTokens.verify(token, purpose, binding) === 'valid'
}
