/** Which headers pass, which are stripped, which are ours: the one place that decides what the app believes. */
import { isOurCookie, withoutCookies } from '../../core/cookie.ts'

/** A flat list of names and values, as undici and node:http take it. */
export type HeaderList = string[]

// RFC 9110 §7.6.1, and what older software treats alike.
const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
  'expect',
])

/**
 * Names by which apps learn who someone is or where a request came from. Compared after folding every run of what is no
 * letter or digit to one `-`: WSGI, ASGI and CGI read `X_Forwarded_User` as `X-Forwarded-User` (CVE-2025-64484).
 */
const identityName = (() => {
  const x = [
    'forwarded|original|real|rewrite|remote|client-(ip|cert|dn|verify)|cluster-client|host|scheme|url-scheme|script-name',
    'auth|authenticated|webauth|user|username|userinfo|userid|email|groups?|roles?|token|jwt|id-token|access-token|sso|ssl',
    'proxy-user|consumer|credential|amzn|envoy|goog|ms-client|pomerium|authentik|authelia|vouch|streamlit|shiny|sp|rsc',
    'posit|connect|middleware|accel|sendfile',
  ]
  const others = [
    'forwarded(-|$)',
    'remote-(user|groups?|email|name|addr)',
    'ssl-client-',
    'front-end-https$',
    '(true|fastly)-client-ip',
    '(cf|tailscale|sf-context|shiny-server|rstudio|posit-connect|teleport|gap|oidc|kubeflow)-',
    'holdfast(-|$)',
    'client-ip$',
    'via$',
    // CGI hands it on as HTTP_PROXY, and its programs then send their own requests there (httpoxy).
    'proxy$',
  ]
  return new RegExp(`^(x-(${x.join('|')})(-|$)|${others.join('|')})`)
})()

/** Whether a request header claims an identity, an address or an origin, in any spelling. */
export function isIdentityHeader(name: string): boolean {
  return identityName.test(name.toLowerCase().replace(/[^a-z0-9]+/g, '-'))
}

/** The field names that a Connection header takes hop-by-hop, lower case. */
function nominated(raw: readonly string[]): ReadonlySet<string> | null {
  let names: Set<string> | null = null
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] ?? ''
    if (name.length !== 10 || name.toLowerCase() !== 'connection') continue
    names ??= new Set()
    for (const name of (raw[i + 1] ?? '').split(',')) names.add(name.trim().toLowerCase())
  }
  return names
}

/** What decides how a request's headers go upstream. */
export interface RequestHeaderOptions {
  /** Added last, so that nothing the client says can remove or double them. */
  readonly ours: HeaderList
  /** The Cookie header's own new value is computed from the client's; this is put behind it. */
  readonly cookie?: string | undefined
  /** Cookies of the client that must not pass, besides ours. */
  readonly dropCookie?: (name: string) => boolean
  /** Names (lower case) to leave out, such as `accept-encoding` where the answer is rewritten. */
  readonly without?: ReadonlySet<string>
}

/** The headers for the upstream: the client's, stripped of what is hop-by-hop or claims an identity, then ours. */
export function requestHeaders(raw: readonly string[], options: RequestHeaderOptions): HeaderList {
  const headers: HeaderList = []
  const named = nominated(raw)
  const cookies: string[] = []
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] ?? ''
    const value = raw[i + 1] ?? ''
    const lower = name.toLowerCase()
    if (lower === 'cookie') cookies.push(value)
    else if (passes(lower, named, options.without)) headers.push(name, value)
  }
  const cookie = upstreamCookie(cookies, options)
  if (cookie !== undefined) headers.push('cookie', cookie)
  for (const item of options.ours) headers.push(item)
  return headers
}

function passes(
  name: string,
  named: ReadonlySet<string> | null,
  without: ReadonlySet<string> | undefined,
): boolean {
  if (hopByHop.has(name) || isIdentityHeader(name)) return false
  // `host` and lengths frame the message: nobody may nominate them away.
  if (named?.has(name) === true && name !== 'host' && name !== 'content-length') return false
  return without?.has(name) !== true
}

function upstreamCookie(cookies: readonly string[], options: RequestHeaderOptions): string | undefined {
  const drop = (name: string): boolean => isOurCookie(name) || options.dropCookie?.(name) === true
  const theirs = cookies.length === 0 ? undefined : withoutCookies(cookies.join('; '), drop)
  if (options.cookie === undefined) return theirs
  return theirs === undefined ? options.cookie : `${theirs}; ${options.cookie}`
}

/** What decides how a response's headers reach the browser. */
export interface ResponseHeaderOptions {
  /** Left out: the body is rewritten, so its length and validators no longer hold. */
  readonly rewritten: boolean
  /** Whether a session was needed for it: then no shared cache may keep it. */
  readonly guarded: boolean
  readonly document: boolean
  readonly secure: boolean
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
    if (value === undefined || hopByHop.has(name)) continue
    if (options.rewritten && validators.has(name)) continue
    kept[name] = value
  }
  const cookies = kept['set-cookie']
  if (cookies !== undefined) {
    kept['set-cookie'] = [cookies].flat().filter((line) => !isOurCookie(cookieNameOf(line)))
  }
  if (options.guarded) keepPrivate(kept, options.document)
  if (options.secure) kept['strict-transport-security'] ??= 'max-age=31536000'
  return kept
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
  const given = headers['cache-control']
  if (given === undefined) {
    headers['cache-control'] = 'private'
    return
  }
  const directives = [given]
    .flat()
    .join(',')
    .split(',')
    .map((one) => one.trim())
  const own = directives.filter((one) => one !== '' && !/^(public|s-maxage=.*|private)$/i.test(one))
  headers['cache-control'] = ['private', ...own].join(', ')
}
