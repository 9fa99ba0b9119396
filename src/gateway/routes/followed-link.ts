/** A one-time link that was followed: its token leaves the address at once, and stays with the browser that brought it. */
import { readCookie } from '../../core/cookie.ts'
import { type OwnPage, ownPath } from '../../pages/own-path.ts'
import type { GatewayParts } from '../parts.ts'
import { linkParameter } from '../self-service/mail-writer.ts'
import { type LinkPurpose, linkLifetime } from '../self-service/one-time-link.ts'
import { parameter } from '../target.ts'
import { sendOn, type Visit } from '../visit.ts'

// What a token is made of. Anything else in a Set-Cookie line could end it.
const shape = /^[A-Za-z\d_-]{1,2048}$/

/**
 * Sends a browser that comes with a token on to the bare address, and says whether it did. Nothing is used up and nothing
 * is looked up: mail scanners follow links too.
 */
export function keptLink(parts: GatewayParts, visit: Visit, purpose: LinkPurpose, page: OwnPage): boolean {
  const { request, target, response } = visit
  const token = parameter(target.query, linkParameter)
  if (request.method === 'POST' || token === null) return false
  const line = shape.test(token)
    ? cookieLine(parts, purpose, token, linkLifetime / 1000)
    : cookieLine(parts, purpose, '', 0)
  sendOn(response, ownPath(parts.site.base, page), { 'set-cookie': [line] })
  return true
}

/** The token of the link this browser followed; `''` if it has none. */
export function followedLink(parts: GatewayParts, { request }: Visit, purpose: LinkPurpose): string {
  return readCookie(request.headers.cookie, nameOf(parts, purpose)) ?? ''
}

/** The Set-Cookie line that removes it. */
export function forgetLink(parts: GatewayParts, purpose: LinkPurpose): string {
  return cookieLine(parts, purpose, '', 0)
}

/**
 * Whether a page that a link opens may be shown or posted. SECURITY: it shares its origin with the app's scripts, which could
 * fetch it, with the cookie, and set a password of their own. A document that the browser navigates to they cannot read:
 * it may not be framed, and its opener policy cuts it off from who opened it.
 */
export function isOwnDocument({ request }: Visit): boolean {
  const mode = request.headers['sec-fetch-mode']
  if (mode === undefined) return true
  return mode === 'navigate' && request.headers['sec-fetch-dest'] === 'document'
}

function nameOf({ formCookieName }: GatewayParts, purpose: LinkPurpose): string {
  // No app's name has an underscore, so that this is no other app's cookie.
  return `${formCookieName}_${purpose}`
}

function cookieLine(parts: GatewayParts, purpose: LinkPurpose, token: string, seconds: number): string {
  // Lax: the browser comes from a page of mails, by a navigation.
  const attributes = `Path=/; HttpOnly; SameSite=Lax${parts.site.secure ? '; Secure' : ''}`
  return `${nameOf(parts, purpose)}=${token}; Max-Age=${seconds}; ${attributes}`
}
