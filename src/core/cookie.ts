/** How a credential travels as a cookie: reading, writing, removing, and keeping it from the app behind us. */

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
}

/** One cookie of ours. */
export interface CookieTransport {
  readonly name: string
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

/** The cookie for one purpose: `''` for the session, another word for a short-lived helper. */
export function cookieTransport(options: CookieOptions, purpose: string = ''): CookieTransport {
  const { secure, embedded = false } = options
  const label = [options.name, purpose].filter((part) => part !== '').join('-')
  const suffix = label === '' ? '' : `-${label}`
  // `__Host-Http-`: no Domain, Path=/, Secure, and (where browsers know it) not to be planted by a script.
  const name = secure ? `__Host-Http-holdfast${suffix}` : `holdfast${suffix}-${options.port}`
  const attributes = [
    'Path=/',
    'HttpOnly',
    ...(secure ? ['Secure'] : []),
    ...sameSite(secure && embedded),
  ].join('; ')

  return {
    name,
    read: (header) => readCookie(header, name),
    write: (value, maxAge) =>
      `${name}=${value}; ${maxAge === null ? '' : `Max-Age=${maxAge}; `}${attributes}`,
    clear: () => `${name}=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; ${attributes}`,
  }
}

/** The Cookie header without the cookies the predicate names; `undefined` if none is left. */
export function withoutCookies(header: string, drop: (name: string) => boolean): string | undefined {
  const kept = header.split(';').filter((pair) => {
    const name = pair.split('=', 1)[0] ?? ''
    return pair.trim() !== '' && !drop(name.trim())
  })
  return kept.length === 0 ? undefined : kept.map((pair) => pair.trim()).join('; ')
}

/** Whether a cookie of this name is one of ours, or an imitation (browsers compare prefixes in any case). */
export function isOurCookie(name: string): boolean {
  return /^(__host-http-|__host-|__secure-)?holdfast/i.test(name)
}

/** RFC 6265 §4.2.1: `name=value` pairs between semicolons; names are case-sensitive, values MAY be quoted. */
function readCookie(header: string | undefined, name: string): string | null {
  // The usual request without our cookie ends here, unparsed.
  if (header === undefined || !header.includes(name)) return null
  let found: string | null = null
  for (const pair of header.split(';')) {
    const equals = pair.indexOf('=')
    if (equals < 0 || pair.slice(0, equals).trim() !== name) continue
    const value = pair.slice(equals + 1).trim()
    if (found !== null && found !== value) return null
    found = value
  }
  return found === '' ? null : found
}

function sameSite(embedded: boolean): readonly string[] {
  return embedded ? ['SameSite=None', 'Partitioned'] : ['SameSite=Lax']
}
