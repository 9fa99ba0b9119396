/** Which headers pass, which are stripped, which are ours: the one place that decides what the app believes. */
import { isOurCookie, withoutCookies } from '../../core/cookie.ts'
import { headerName, isHopByHop } from './header-name.ts'
import { mayBecomeReachingWorker, widensToOurs } from './worker-scope.ts'

/** A flat list of names and values, as undici and node:http take it. */
export type HeaderList = string[]

/** Whether only we may send the app a cookie of this name. */
export type DropCookie = (name: string) => boolean

/** What decides how a request's headers go upstream. */
export interface RequestHeaderOptions {
  /** Added last, so that nothing the client says can remove or double them. */
  readonly ours: HeaderList
  /** The Cookie header's own new value is computed from the client's; this is put behind it. */
  readonly cookie?: string | undefined
  /** Cookies of the client that must not pass, besides ours. */
  readonly dropCookie?: DropCookie
  /** What the app may see of one Cookie header, where that is known already; another header is read anew. */
  readonly cookies?: { readonly header: string; readonly forApp: string | undefined } | null
  /** Names (lower case) to leave out, such as `accept-encoding` where the answer is rewritten. */
  readonly without?: ReadonlySet<string>
}

/** The headers for the upstream: the client's, stripped of what is hop-by-hop or claims an identity, then ours. */
export function requestHeaders(raw: readonly string[], options: RequestHeaderOptions): HeaderList {
  const { without, ours } = options
  const passing: HeaderList = []
  let nominated: Set<string> | null = null
  let theirs: string | undefined
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] ?? ''
    const value = raw[i + 1] ?? ''
    const { lower, fate } = headerName(name)
    switch (fate) {
      case 'passes':
      case 'frames':
        if (without?.has(lower) !== true) passing.push(name, value)
        break
      case 'cookie':
        theirs = theirs === undefined ? value : `${theirs}; ${value}`
        break
      case 'connection':
        nominated = nominatedBy(value, nominated)
    }
  }
  const headers = nominated === null ? passing : unnominated(passing, nominated)
  const cookie = upstreamCookie(theirs, options)
  if (cookie !== undefined) headers.push('cookie', cookie)
  for (const item of ours) headers.push(item)
  return headers
}

/** What a Connection header takes hop-by-hop that would pass otherwise, in lower case, beside what others took. */
function nominatedBy(value: string, before: Set<string> | null): Set<string> | null {
  let names = before
  for (const one of value.split(',')) {
    const { lower, fate } = headerName(one.trim())
    // What frames the message, and our own look at cookies, nobody may nominate away.
    if (fate === 'passes') names = (names ?? new Set()).add(lower)
  }
  return names
}

function unnominated(headers: HeaderList, nominated: ReadonlySet<string>): HeaderList {
  return headers.filter((_item, at) => !nominated.has(headerName(headers[at - (at % 2)] ?? '').lower))
}

/** What the app may see of the client's cookies: none of ours, and none that only we may send. */
export function cookiesForApp(header: string, drop?: DropCookie): string | undefined {
  return withoutCookies(header, (name) => isOurCookie(name) || drop?.(name) === true)
}

function upstreamCookie(theirs: string | undefined, options: RequestHeaderOptions): string | undefined {
  const { cookie, cookies, dropCookie } = options
  let kept: string | undefined
  if (theirs !== undefined)
    kept = cookies?.header === theirs ? cookies.forApp : cookiesForApp(theirs, dropCookie)
  if (cookie === undefined) return kept
  return kept === undefined ? cookie : `${kept}; ${cookie}`
}

/** What decides how a response's headers reach the browser. */
export interface ResponseHeaderOptions {
  /** Left out: the body is rewritten, so its length and validators no longer hold. */
  readonly rewritten: boolean
  /** Whether a session was needed for it: then no shared cache may keep it. */
  readonly guarded: boolean
  readonly document: boolean
  readonly secure: boolean
  /** What the browser asked for. */
  readonly path: string
  /** The base path, below which our own pages lie. */
  readonly base: string
}

const validators = new Set([
  'content-length',
  'etag',
  'last-modified',
  'accept-ranges',
  'content-md5',
  'digest',
])

/** The headers for the browser. Set-Cookie lines that would touch our own cookies are dropped. */
export function responseHeaders(
  headers: Readonly<Record<string, string | string[] | undefined>>,
  options: ResponseHeaderOptions,
): Record<string, string | string[]> {
  const kept: Record<string, string | string[]> = {}
  for (const name of Object.keys(headers)) {
    const value = headers[name]
    // What the upstream nominates in Connection stays: it could take away its own Set-Cookie or framing policy.
    if (value === undefined || isHopByHop(name)) continue
    if (options.rewritten && validators.has(name)) continue
    kept[name] = value
  }
  const cookies = kept['set-cookie']
  if (cookies !== undefined) {
    kept['set-cookie'] = [cookies].flat().filter((line) => !isOurCookie(cookieNameOf(line)))
  }
  keepWorkersAway(kept, options)
  if (options.guarded) keepPrivate(kept, options.document)
  if (options.secure) kept['strict-transport-security'] ??= 'max-age=31536000'
  return kept
}

function keepWorkersAway(
  headers: Record<string, string | string[]>,
  { path, base }: Pick<ResponseHeaderOptions, 'path' | 'base'>,
): void {
  const allowed = headers['service-worker-allowed']
  if (allowed !== undefined && [allowed].flat().some((one) => widensToOurs(one, path, base)))
    delete headers['service-worker-allowed']
  const type = headers['content-type']
  if (type === undefined || !mayBecomeReachingWorker(String(type), path, base)) return
  const vary = [headers.vary ?? []].flat().join(', ')
  if (vary.trim() !== '*') headers.vary = vary === '' ? 'Service-Worker' : `${vary}, Service-Worker`
}

// A cookie without a name is sent back as its bare value: `=holdfast-8080=x` would come as a cookie of ours.
function cookieNameOf(line: string): string {
  return (
    line
      .replace(/^[\s=;]+/, '')
      .split('=', 1)[0]
      ?.trim() ?? ''
  )
}

function keepPrivate(headers: Record<string, string | string[]>, document: boolean): void {
  if (document) {
    headers['cache-control'] = 'no-store'
    return
  }
  const directives = [headers['cache-control'] ?? []]
    .flat()
    .join(',')
    .split(',')
    .map((one) => one.trim())
  const own = directives.filter((one) => one !== '' && !/^(public|s-maxage=.*|private)$/i.test(one))
  // SECURITY: without a word on how long, a browser keeps it for as long as it sees fit (RFC 9111 §4.2.2), and shows it to
  // whoever asks next, signed in or not. Asked again each time, it is still not sent twice.
  const isBounded =
    headers.expires !== undefined || own.some((one) => /^(no-store|no-cache|max-age=.*)$/i.test(one))
  headers['cache-control'] = ['private', ...(isBounded ? [] : ['no-cache']), ...own].join(', ')
}
