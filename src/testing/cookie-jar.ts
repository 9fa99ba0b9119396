/** What a browser does with the cookies of one origin: for tests of one's own server. */
export interface CookieJar {
  /** Takes the cookies of a response, or Set-Cookie lines. Throws for one that a browser would not keep. */
  take(from: { readonly headers: { getSetCookie(): string[] } } | readonly string[]): void
  /** The Cookie header for the next request; `''` while there is no cookie. */
  header(): string
  /** The value of a cookie; `null` if there is none. */
  get(name: string): string | null
}

interface Cookie {
  readonly value: string
  readonly expiresAt: number
}

// RFC 6265bis §4.1.1, as far as what we send goes.
const line =
  /^([\w!#$%&'*+.^`|~-]+)=([\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*)((?:; ?[\w-]+(?:=[^;]*)?)*)$/

/** An empty jar. `now` tells when cookies with Max-Age are gone. */
export function cookieJar(now: () => number = Date.now): CookieJar {
  const cookies = new Map<string, Cookie>()

  function alive(): [string, Cookie][] {
    return [...cookies].filter(([, { expiresAt }]) => now() < expiresAt)
  }

  function keep(text: string): void {
    const [, name = '', value = '', rest] = line.exec(text) ?? []
    if (rest === undefined)
      throw new Error(`No browser takes this Set-Cookie line: ${text.split('=', 1)[0]}=…`)
    const attributes = rest.toLowerCase().split(/; ?/)
    checkPrefix(name, attributes)
    const age = attributes.find((one) => one.startsWith('max-age='))?.slice('max-age='.length)
    const expiresAt = age === undefined ? Number.POSITIVE_INFINITY : now() + Number(age) * 1000
    if (expiresAt > now()) cookies.set(name, { value, expiresAt })
    else cookies.delete(name)
  }

  return {
    take(from) {
      for (const text of 'headers' in from ? from.headers.getSetCookie() : from) keep(text)
    },
    header: () =>
      alive()
        .map(([name, { value }]) => `${name}=${value}`)
        .join('; '),
    get: (name) => alive().find(([one]) => one === name)?.[1].value ?? null,
  }
}

function checkPrefix(name: string, attributes: readonly string[]): void {
  const has = (attribute: string): boolean => attributes.includes(attribute)
  const prefix = /^__(host|secure)-(http-)?/i.exec(name)
  if (prefix === null) return
  const isHost = prefix[1]?.toLowerCase() === 'host'
  const isBound = !isHost || (has('path=/') && !attributes.some((one) => one.startsWith('domain=')))
  const isHidden = prefix[2] === undefined || has('httponly')
  if (!has('secure') || !isBound || !isHidden)
    throw new Error(`No browser keeps the cookie ${name}: its attributes do not suit its prefix.`)
}
