/** What express-session could be told of its cookie, held against what the cookie is. */
import type { CookieFacts } from '../core/cookie.ts'
import { ConfigError } from '../core/errors.ts'

/** What express-session could be told of its cookie. Every value is held against what the cookie is. */
export interface LegacyCookieOptions {
  /** How long the session lives without activity, in milliseconds; `null`: it ends with the browser. @default null */
  maxAge?: number | null | undefined
  /** As `maxAge`, as an instant. */
  expires?: Date | null | false | undefined
  /** Requests to other paths have no session. The cookie itself goes to all of them. @default '/' */
  path?: string | undefined
  httpOnly?: true | undefined
  secure?: boolean | 'auto' | undefined
  sameSite?: boolean | 'lax' | 'strict' | 'none' | 'auto' | undefined
  partitioned?: boolean | undefined
  /** Is not sent: browsers hold a few cookies of a site, not the hundreds of which one would have to go. */
  priority?: 'low' | 'medium' | 'high' | undefined
  domain?: undefined
}

type Attributes = Readonly<Record<string, unknown>>

/** Whether a value is how it is here; else what to do instead. */
type Check = (value: never, facts: CookieFacts) => true | string

/** As apps say that there is none. */
export const isNothing = (value: unknown): value is null | undefined | false =>
  value === null || value === undefined || value === false

const checks: Readonly<Record<string, Check>> = {
  maxAge: (value: unknown) =>
    isNothing(value) ||
    (typeof value === 'number' && Number.isFinite(value)) ||
    'Give milliseconds, or null.',

  expires: (value: unknown) =>
    isNothing(value) ||
    (value instanceof Date && !Number.isNaN(value.getTime())) ||
    'Give a Date, or better maxAge.',

  originalMaxAge: () => true,

  path: (value: unknown) =>
    value === undefined || (typeof value === 'string' && value.startsWith('/')) || 'A path begins with "/".',

  httpOnly: (value: unknown) =>
    value === undefined ||
    value === true ||
    'A script that can read the cookie can give it away. Answer what pages need to know by a route of your own.',

  secure: (value: unknown, { secure }) =>
    value === undefined ||
    value === 'auto' ||
    value === secure ||
    `It follows from createSessions({ origin }), which says ${secure ? 'https' : 'http'}. Leave it out.`,

  sameSite(value: unknown, { sameSite, secure }) {
    const words: Attributes = { true: 'strict', false: 'lax', auto: secure ? 'none' : 'lax' }
    const word = String(value).toLowerCase()
    const wanted = words[word] ?? word
    if (value === undefined || wanted === sameSite) return true
    const how = wanted === 'none' ? 'embedded: true' : `sameSite: '${wanted === 'strict' ? 'strict' : 'lax'}'`
    return `It is ${JSON.stringify(sameSite)} here. For another say createSessions({ ${how} }).`
  },

  partitioned: (value: unknown, { sameSite }) =>
    value === undefined ||
    value === (sameSite === 'none') ||
    `It is ${sameSite === 'none'} here, and follows from createSessions({ embedded }).`,

  priority: (value: unknown) =>
    value === undefined || /^(low|medium|high)$/i.test(String(value)) || 'Say low, medium or high.',

  domain: (value: unknown) =>
    value === undefined ||
    value === null ||
    'A cookie that other hosts get can be read and set there. Serve what shares a session from one host.',
}

/** Throws `ConfigError` (`ERR_CONFIG_INVALID`) for an attribute that the cookie does not have. */
export function checkCookie(attributes: Attributes, facts: CookieFacts, where: string): void {
  for (const [name, value] of Object.entries(attributes)) {
    const check = Object.hasOwn(checks, name) ? checks[name] : undefined
    const found = check === undefined ? 'There is no such attribute.' : check(value as never, facts)
    if (found === true) continue
    throw new ConfigError('ERR_CONFIG_INVALID', `${where}.${name}: ${String(value)}. ${found}`)
  }
}

/** How long a cookie with these options lasts; `null`: as long as the browser. */
export function maxAgeOf(
  { maxAge, expires }: Pick<LegacyCookieOptions, 'maxAge' | 'expires'>,
  now: number,
): number | null {
  if (typeof maxAge === 'number') return maxAge
  return isNothing(expires) ? null : expires.getTime() - now
}
