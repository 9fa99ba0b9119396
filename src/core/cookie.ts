/** How a credential travels as a cookie: reading, writing, removing, and keeping it from the app behind us. */
import { ConfigError } from './errors.ts'

/** What decides a cookie's name and attributes. */
export interface CookieOptions {
  /** Whether browsers reach us by https. */
  readonly secure: boolean
  /** Tells our cookies on one host apart: the app's name, or '' for the only one. */
  readonly name: string
  /** The public port, which names the cookie on plain http: cookies ignore ports. */
  readonly port: number
  /** Whether pages of other sites may embed the app (SameSite=None; Partitioned). Only with `secure`. */
  readonly embedded?: boolean
  /** Whether it comes along when a link elsewhere is followed (`lax`). @default 'lax' */
  readonly sameSite?: 'lax' | 'strict'
}

/** What browsers are told of a cookie beside its value. */
export interface CookieFacts {
  readonly name: string
  readonly secure: boolean
  readonly sameSite: 'lax' | 'strict' | 'none'
}

/** One cookie of ours. */
export interface CookieTransport extends CookieFacts {
  /**
   * The value the client sent; `null` if there is none, or if several of our name differ: then one of them was tossed
   * in from a sibling domain or path, and which one is unknowable (CVE-2024-28233). Never throws.
   */
  read(header: string | undefined): string | null
  /** A Set-Cookie line. `maxAge` in seconds; `null` for a cookie that ends with the browser. */
  write(value: string, maxAge: number | null): string
  /** A Set-Cookie line that removes the cookie: same name, path and attributes, or browsers keep it (CVE-2025-55162). */
  clear(): string
}

// RFC 6265 §4.1.1: a cookie's name is a token. Anything else would end the name, or start an attribute.
const token = /^[\w!#$%&'*+.^`|~-]{0,64}$/
// Short-lived helpers share the jar: an app of this name would take the cookie of one.
const purposes = ['form', 'factor', 'jwt-access', 'jwt-refresh'] as const

/**
 * The cookie for one purpose: `''` for the session, another word for a short-lived helper. Throws `ConfigError`
 * (`ERR_CONFIG_INVALID`) for an app's name that a cookie's name cannot hold.
 */
export function cookieTransport(
  options: CookieOptions,
  purpose: '' | (typeof purposes)[number] = '',
): CookieTransport {
  checkName(options.name)
  checkSameSite(options)
  const label = [options.name, purpose].filter((part) => part !== '').join('-')
  return transport(options, label === '' ? '' : `-${label}`)
}

/**
 * The cookie that leads a browser to its own among several instances of an app. An app's name stands behind a dash,
 * so that none makes the session's cookie one of these.
 */
export function instanceCookie(options: CookieOptions): CookieTransport {
  checkName(options.name)
  return transport(options, options.name === '' ? '_instance' : `_instance-${options.name}`)
}

function transport(options: CookieOptions, suffix: string): CookieTransport {
  const { secure, embedded = false } = options
  const sameSite = secure && embedded ? 'none' : (options.sameSite ?? 'lax')
  // `__Host-Http-`: no Domain, Path=/, Secure, and (where browsers know it) not to be planted by a script.
  const name = secure ? `__Host-Http-holdfast${suffix}` : `holdfast${suffix}-${options.port}`
  const attributes = ['Path=/', 'HttpOnly', ...(secure ? ['Secure'] : []), ...sameSiteWords[sameSite]].join(
    '; ',
  )

  return {
    ...{ name, secure, sameSite },
    read: (header) => readCookie(header, name),
    write: (value, maxAge) =>
      `${name}=${value}; ${maxAge === null ? '' : `Max-Age=${maxAge}; `}${attributes}`,
    clear: () => `${name}=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; ${attributes}`,
  }
}

/**
 * The Cookie header without the cookies the predicate names, and every other byte as it was; `undefined` if no cookie is
 * left. The predicate is given names without what any reader of cookies would strip.
 */
export function withoutCookies(header: string, drop: (name: string) => boolean): string | undefined {
  const kept = header.split(';').filter((pair) => !drop(strip(pair.split('=', 1)[0] ?? '', isBlankToAnyone)))
  if (kept.every((pair) => strip(pair, isSpace) === '')) return undefined
  // The first pair stands behind no semicolon, and so behind no space.
  return kept.join(';').replace(/^[ \t]+/, '')
}

/** Whether a cookie of this name is one of ours, or an imitation (browsers compare prefixes in any case). */
export function isOurCookie(name: string): boolean {
  return /^(__host-http-|__host-|__secure-)?holdfast/i.test(name)
}

function checkName(name: string): void {
  const reserved = purposes.some((purpose) => name === purpose || name.endsWith(`-${purpose}`))
  if (token.test(name) && !reserved) return
  throw new ConfigError(
    'ERR_CONFIG_INVALID',
    `The name ${JSON.stringify(name)} cannot be part of a cookie's name. Use at most 64 letters, digits, '-', '.' and ` +
      `'_', and another end than ${purposes.map((purpose) => `'-${purpose}'`).join(', ')}.`,
  )
}

function checkSameSite({ embedded = false, sameSite = 'lax' }: CookieOptions): void {
  if (sameSite === 'lax' || (sameSite === 'strict' && !embedded)) return
  throw new ConfigError(
    'ERR_CONFIG_INVALID',
    `sameSite: ${JSON.stringify(sameSite)}. It is 'lax' or 'strict'; with embedded: true it is neither, for pages of other ` +
      'sites have to send the cookie.',
  )
}

/**
 * The value of the cookie of exactly this name (RFC 6265 §4.2.1: `name=value` pairs between semicolons); `null` if there is
 * none, it is empty, or several differ.
 */
export function readCookie(header: string | undefined, name: string): string | null {
  // The usual request without our cookie ends here, unparsed.
  if (header === undefined || !header.includes(name)) return null
  let found: string | null = null
  let end = -1
  do {
    const start = end + 1
    end = header.indexOf(';', start)
    const pair = header.slice(start, end < 0 ? header.length : end)
    const equals = pair.indexOf('=')
    if (equals < 0 || strip(pair.slice(0, equals), isSpace) !== name) continue
    const value = strip(pair.slice(equals + 1), isSpace)
    if (found !== null && found !== value) return null
    found = value
  } while (end >= 0)
  return found === '' ? null : found
}

/** Without what is blank around it. */
function strip(text: string, isBlank: (code: number) => boolean): string {
  let start = 0
  let end = text.length
  while (start < end && isBlank(text.charCodeAt(start))) start++
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--
  return start === 0 && end === text.length ? text : text.slice(start, end)
}

/**
 * Space and tab, and nothing else: `trim` would take U+00A0 too, and so read a cookie as ours that no browser holds to
 * the rules of its prefix, for any sibling domain to set.
 */
function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09
}

/** What the most generous reader takes away: Python's `strip` takes controls, U+0085 and U+00A0. */
function isBlankToAnyone(code: number): boolean {
  return code <= 0x20 || (code >= 0x7f && code <= 0xa0)
}

const sameSiteWords = {
  lax: ['SameSite=Lax'],
  strict: ['SameSite=Strict'],
  none: ['SameSite=None', 'Partitioned'],
} as const
