/** Whether an unsafe request was sent by one of our own pages. */

/** The headers the decisions read; those of `node:http` fit. */
export interface RequestHeaders {
  readonly [name: string]: string | readonly string[] | undefined
}

export interface CsrfOptions {
  /** Our public origin, as `URL.origin` writes it. */
  readonly origin: string
  /** The media types the route takes. @default `['application/x-www-form-urlencoded']` */
  readonly types?: readonly string[]
}

/**
 * `cross-origin`: it came from another origin, or from one that will not say which. `unknown-origin`: nothing tells
 * where from. `content-type`: from us, but of a type the route does not take.
 */
export type CsrfVerdict = 'allowed' | 'cross-origin' | 'unknown-origin' | 'content-type'

const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS'])
const form = 'application/x-www-form-urlencoded'

function only(headers: RequestHeaders, name: string): string | undefined {
  const value = headers[name]
  return typeof value === 'string' || value === undefined ? value : value.join(', ')
}

/** Whether a request that may change something came from the origin `own`, whatever it carries. */
export function originVerdict(
  method: string,
  headers: RequestHeaders,
  own: string,
): Exclude<CsrfVerdict, 'content-type'> {
  if (safeMethods.has(method)) return 'allowed'
  const site = only(headers, 'sec-fetch-site')
  const origin = only(headers, 'origin')
  if (site !== undefined) {
    // SECURITY: `same-site` is a sibling, and siblings are not trusted; `none` is a person's own navigation, which
    // never is anything but a GET. Page scripts cannot set this header.
    if (site !== 'same-origin') return 'cross-origin'
    // `null` is what a page of ours under `no-referrer` sends. Another origin here is a contradiction: refuse.
    return origin === undefined || origin === 'null' || origin === own ? 'allowed' : 'cross-origin'
  }
  // Plain http beyond loopback and older browsers: no Sec-Fetch headers there.
  if (origin === undefined) return 'unknown-origin'
  return origin === own ? 'allowed' : 'cross-origin'
}

/**
 * Says whether a request may change something. Safe methods are always `allowed`, and so MUST change nothing. Sign-in
 * and sign-out count as changes: being signed in as somebody else, or out, is an attack too.
 */
export function csrf(method: string, headers: RequestHeaders, options: CsrfOptions): CsrfVerdict {
  if (safeMethods.has(method)) return 'allowed'
  const verdict = originVerdict(method, headers, options.origin)
  if (verdict !== 'allowed') return verdict
  const type = only(headers, 'content-type')?.split(';', 1)[0]?.trim().toLowerCase()
  return type !== undefined && (options.types ?? [form]).includes(type) ? 'allowed' : 'content-type'
}

/**
 * Whether a GET is a navigation a page of this origin started, for the one route where a framework signs out by GET.
 * Not a prefetch, not an image, not typed, not linked from elsewhere; without Sec-Fetch headers never.
 */
export function isOwnNavigation(headers: RequestHeaders): boolean {
  return (
    only(headers, 'sec-fetch-site') === 'same-origin' &&
    only(headers, 'sec-fetch-mode') === 'navigate' &&
    only(headers, 'sec-fetch-dest') === 'document' &&
    only(headers, 'sec-purpose') === undefined
  )
}
