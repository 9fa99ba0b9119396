/** What becomes of a request header on its way to the app: its name alone decides. */

/**
 * `frames`: passes, and nobody may nominate it away. `connection`: names others that end here. `stripped`: hop-by-hop, or a
 * claim of an identity, an address or an origin that only we may make.
 */
export type Fate = 'passes' | 'frames' | 'cookie' | 'connection' | 'stripped'

export interface HeaderName {
  readonly lower: string
  readonly fate: Fate
}

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

/** Whether a header, named in lower case, is between two neighbours only. */
export function isHopByHop(lower: string): boolean {
  return hopByHop.has(lower)
}

function judged(lower: string): HeaderName {
  return { lower, fate: fateOf(lower) }
}

function fateOf(lower: string): Fate {
  if (lower === 'cookie' || lower === 'connection') return lower
  if (hopByHop.has(lower) || identityName.test(lower.replace(/[^a-z0-9]+/g, '-'))) return 'stripped'
  return lower === 'host' || lower === 'content-length' ? 'frames' : 'passes'
}

// What browsers and proxies send with nearly every request. Folding and matching each name anew was a twentieth of what a
// request costs; a name that is not listed is judged in the same way when it comes.
const usual: ReadonlyMap<string, HeaderName> = new Map(
  [
    'accept accept-encoding accept-language authorization cache-control connection content-length content-type cookie dnt',
    'host if-modified-since if-none-match if-range origin pragma priority range referer sec-ch-ua sec-ch-ua-mobile',
    'sec-ch-ua-platform sec-fetch-dest sec-fetch-mode sec-fetch-site sec-fetch-user sec-gpc sec-purpose te',
    'sec-websocket-extensions sec-websocket-key sec-websocket-protocol sec-websocket-version transfer-encoding upgrade',
    'upgrade-insecure-requests user-agent via x-forwarded-for x-forwarded-host x-forwarded-port x-forwarded-proto',
    'x-real-ip x-requested-with x-xsrftoken',
  ]
    .flatMap((line) => line.split(' '))
    .flatMap((lower) => {
      const capitals = lower.replace(/\b[a-z]/g, (letter) => letter.toUpperCase())
      return [lower, capitals].map((spelling) => [spelling, judged(lower)])
    }),
)

/** A header's name in lower case, and what becomes of it. */
export function headerName(name: string): HeaderName {
  return usual.get(name) ?? judged(name.toLowerCase())
}
