/** Headers that say who someone is: only ours reach the app, in whatever spelling and by whatever trick others are sent. */
import { describe, expect, it } from 'vitest'
import { anna, ben, fetchFrom, startHarness } from '../gateway/harness.ts'
import { startPythonApp, withoutPython } from '../gateway/python.ts'
import { rawExchange } from '../gateway/raw-client.ts'
import { type RecordingUpstream, recordingUpstream, type SeenRequest } from '../gateway/recording-upstream.ts'

const gateway = await startHarness()
const { upstream, port } = gateway
const annas = await gateway.sessionOf(anna)
const bens = await gateway.sessionOf(ben)

const ours = [
  'X-Forwarded-User',
  'X-Forwarded-Email',
  'X-Forwarded-Groups',
  'X-Forwarded-Preferred-Username',
  'X-Forwarded-For',
  'X-Forwarded-Proto',
  'X-Forwarded-Host',
]
const others = [
  'X-Streamlit-User',
  'X-Auth-Request-User',
  'X-Authenticated-User',
  'X-Remote-User',
  'Remote-User',
  'X-User',
  'X-User-Id',
  'X-Userinfo',
  'X-WebAuth-User',
  'X-Email',
  'X-Groups',
  'X-Roles',
  'X-Real-IP',
  'True-Client-IP',
  'CF-Connecting-IP',
  'Cf-Access-Authenticated-User-Email',
  'Cf-Access-Jwt-Assertion',
  'X-Goog-Authenticated-User-Email',
  'X-Goog-Iap-Jwt-Assertion',
  'X-Amzn-Oidc-Identity',
  'X-Amzn-Oidc-Data',
  'X-Ms-Client-Principal-Name',
  'X-Pomerium-Jwt-Assertion',
  'X-Authentik-Username',
  'Tailscale-User-Login',
  'Sf-Context-Current-User',
  'X-Sp-UserId',
  'Shiny-Server-Credentials',
  'Posit-Connect-User-Session-Token',
  'RStudio-Connect-Credentials',
  'X-Consumer-Username',
  'X-Credential-Identifier',
  'X-Ssl-Client-S-Dn',
  'Ssl-Client-Cert',
  'Forwarded',
  'X-Original-URL',
  'X-Rewrite-Url',
  'X-Middleware-Subrequest',
  'X-Scheme',
  'Front-End-Https',
  'Proxy',
  'Holdfast-Session',
  'Holdfast-Tab',
]

/** Every way of writing `_` for some of the `-` in a name, and some changes of case. */
function spellings(name: string): string[] {
  const parts = name.split('-')
  const all: string[] = []
  for (let mask = 0; mask < 2 ** (parts.length - 1); mask++) {
    const spelt = parts.reduce((text, part, i) => `${text}${(mask >> (i - 1)) & 1 ? '_' : '-'}${part}`)
    all.push(spelt, spelt.toLowerCase(), spelt.toUpperCase())
  }
  // Tokens may hold these, and some servers fold them too.
  all.push(
    name.replaceAll('-', '.'),
    name.replaceAll('-', '~'),
    name.replaceAll('-', '--'),
    name.replaceAll('-', '__'),
  )
  return [...new Set(all)]
}

const hostileLines = [...ours, ...others].flatMap((name) =>
  spellings(name).map((spelt) => `${spelt}: evil-${spelt}`),
)

/** What the app would believe: names folded as WSGI folds them. */
function folded(seen: SeenRequest): Map<string, string[]> {
  const map = new Map<string, string[]>()
  for (let i = 0; i < seen.rawHeaders.length; i += 2) {
    const name = (seen.rawHeaders[i] ?? '').toUpperCase().replace(/[^A-Z0-9]+/g, '_')
    map.set(name, [...(map.get(name) ?? []), seen.rawHeaders[i + 1] ?? ''])
  }
  return map
}

async function seenWith(lines: readonly string[], cookie = annas): Promise<SeenRequest> {
  upstream.forget()
  const { answers } = await rawExchange(
    port,
    gateway.request('GET /', [...lines, `Cookie: ${cookie}`, 'Connection: close']),
  )
  expect(answers[0]?.status).toBe(200)
  expect(upstream.requests).toHaveLength(1)
  return upstream.requests[0] as SeenRequest
}

/** Sent in batches, each small enough for the limit on how many headers a request may have. */
async function eachBatch(
  lines: readonly string[],
  look: (seen: SeenRequest) => void,
  cookie = annas,
): Promise<void> {
  for (let at = 0; at < lines.length; at += 150) look(await seenWith(lines.slice(at, at + 150), cookie))
}

describe('identity headers', () => {
  it('CVE-2025-64484: no spelling of an identity header of the client reaches the app', async () => {
    await eachBatch(hostileLines, (seen) => {
      expect(seen.rawHeaders.filter((value) => value.includes('evil'))).toEqual([])
      expect(folded(seen).get('X_FORWARDED_USER')).toEqual(['anna'])
      expect(folded(seen).get('X_FORWARDED_GROUPS')).toEqual(['admin,diver'])
    })
  })

  it('CVE-2025-64484: one sent twice, with blanks, or beside ours counts no more', async () => {
    const seen = await seenWith([
      'X-Forwarded-User: evil',
      'X-Forwarded-User: evil2',
      'x_forwarded_user:evil3',
      'X-Forwarded-User:  \t evil4  ',
    ])
    expect(seen.values('x-forwarded-user')).toEqual(['anna'])
    expect(seen.rawHeaders.join()).not.toContain('evil')
  })

  it('CVE-2025-64484: a name with a blank before the colon is refused before anything reads it', async () => {
    upstream.forget()
    const { answers } = await rawExchange(
      port,
      gateway.request('GET /', ['X-Forwarded-User : evil', `Cookie: ${annas}`]),
    )
    expect(answers.map((one) => one.status)).toEqual([400])
    expect(upstream.requests).toEqual([])
  })

  it('CVE-2026-54763: nor do they decide who someone is to us', async () => {
    for (const line of hostileLines.filter((one) => /user/i.test(one)).slice(0, 150)) {
      upstream.forget()
      const { answers } = await rawExchange(port, gateway.request('GET /', [line, 'Connection: close']))
      expect([answers[0]?.status, upstream.requests.length], line).toEqual([401, 0])
    }
  })

  it.skipIf(withoutPython)('CVE-2026-3902: a real WSGI server sees exactly ours', async () => {
    const wsgi = await startHarness({ upstreamUrl: await startPythonApp('echo_wsgi') })
    await expectOurs(wsgi.port, wsgi.request, await wsgi.sessionOf(anna))
  })

  it.skipIf(withoutPython)('GO-2026-5346: a real ASGI server sees exactly ours', async () => {
    const asgi = await startHarness({ upstreamUrl: await startPythonApp('echo_asgi') })
    await expectOurs(asgi.port, asgi.request, await asgi.sessionOf(anna))
  })

  it("CVE-2026-30851: where we have no e-mail and no groups the client's own do not fill in", async () => {
    await eachBatch(
      hostileLines,
      (seen) => {
        expect(folded(seen).get('X_FORWARDED_USER')).toEqual(['ben'])
        expect([folded(seen).has('X_FORWARDED_EMAIL'), folded(seen).has('X_FORWARDED_GROUPS')]).toEqual([
          false,
          false,
        ])
      },
      bens,
    )
  })

  it('CVE-2026-30851: a request of nobody carries no identity at all', async () => {
    const open = await startHarness({ access: 'anyone' })
    await rawExchange(open.port, open.request('GET /', [...hostileLines.slice(0, 150), 'Connection: close']))
    const names = [...folded(open.upstream.requests[0] as SeenRequest).keys()]
    expect(names.filter((name) => /USER|EMAIL|GROUPS/.test(name))).toEqual([])
  })

  it('CVE-2025-48865: what the client names in Connection takes none of ours away', async () => {
    const names = [...ours, 'Cookie', 'Host', 'X-Kept'].join(', ')
    const seen = await seenWith([`Connection: ${names}`, 'X-Kept: dropped', 'X-Other: kept'])
    expect(ours.map((name) => seen.values(name.toLowerCase()).length)).toEqual(ours.map(() => 1))
    expect(seen.values('x-forwarded-user')).toEqual(['anna'])
    expect(seen.values('host')).toEqual([gateway.host])
    expect([seen.values('x-kept'), seen.values('x-other')]).toEqual([[], ['kept']])
  })

  it('CVE-2022-31813, CVE-2024-45410: nor by several Connection lines, cases and blanks', async () => {
    const seen = await seenWith(
      ours.map((name, i) => `${i % 2 ? 'CONNECTION' : 'connection'}: close ,\t${name.toUpperCase()} `),
    )
    expect(ours.map((name) => seen.values(name.toLowerCase()).length)).toEqual(ours.map(() => 1))
    expect(seen.values('connection')).toEqual(['keep-alive'])
  })

  it('CVE-2026-33805: a body nominated away keeps its length', async () => {
    upstream.forget()
    const lines = [
      'Connection: close, Content-Length, Transfer-Encoding',
      'Content-Length: 5',
      `Cookie: ${annas}`,
    ]
    const { answers } = await rawExchange(port, `${gateway.request('POST /', lines)}hello`)
    expect(answers[0]?.status).toBe(200)
    expect(upstream.requests.map((one) => [one.method, one.body])).toEqual([['POST', 'hello']])
  })

  it('GHSA-79qm: what the app names in Connection takes nothing from the answer either', async () => {
    const naming = await startHarness({ access: 'anyone', upstream: await namingUpstream() })
    const answer = await fetchFrom(naming.port, '/', { headers: { host: naming.host } })
    expect(answer.headers['x-frame-options']).toBe('DENY')
    expect(answer.setCookie).toEqual(['theirs=1'])
    expect(answer.headers.connection).not.toContain('X-Frame-Options')
    expect([answer.headers['keep-alive'], answer.headers['proxy-authenticate']]).toEqual([
      undefined,
      undefined,
    ])
  })

  it('GHSA-w9mr-28mw-j8hg: hop-by-hop headers end here', async () => {
    const names = [
      'Keep-Alive',
      'Proxy-Connection',
      'Proxy-Authorization',
      'Proxy-Authenticate',
      'TE',
      'Trailer',
      'HTTP2-Settings',
    ]
    const seen = await seenWith(names.map((name) => `${name}: x`))
    expect(names.filter((name) => seen.values(name.toLowerCase()).length > 0)).toEqual([])
  })

  it('CVE-2026-63439: no header signs anybody in, whoever the peer is', async () => {
    const trusting = await startHarness({ trustProxy: ['127.0.0.0/8'] })
    const lines = hostileLines.filter((one) => /user|email/i.test(one)).slice(0, 150)
    const { answers } = await rawExchange(
      trusting.port,
      trusting.request('GET /', [...lines, 'Connection: close']),
    )
    expect([answers[0]?.status, trusting.upstream.requests.length]).toEqual([401, 0])
  })

  it('X-Streamlit-User is removed from requests and from upgrades', async () => {
    const lines = spellings('X-Streamlit-User').map((name) => `${name}: evil`)
    expect((await seenWith(lines)).rawHeaders.join()).not.toContain('evil')
    upstream.forget()
    const upgrade = [
      `Origin: ${gateway.origin}`,
      `Cookie: ${annas}; _streamlit_user=kept-here`,
      'Upgrade: websocket',
      'Connection: Upgrade, X-Forwarded-User',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      ...hostileLines.slice(0, 150),
      ...lines,
    ]
    const { answers } = await rawExchange(port, gateway.request('GET /ws', upgrade))
    expect(answers[0]?.status).toBe(101)
    const seen = upstream.upgrades[0] as SeenRequest
    expect(seen.rawHeaders.join()).not.toContain('evil')
    expect(seen.values('x-forwarded-user')).toEqual(['anna'])
  })

  it('a cookie that names a Streamlit user is only ever ours', async () => {
    const streamlit = await startHarness({ preset: 'streamlit' })
    const planted = '_streamlit_user=evil; _streamlit_user__1=evil; _streamlit_user_tokens=evil; a=1'
    const cookie = `Cookie: ${await streamlit.sessionOf(anna)}; ${planted}`
    const lines = [`Origin: ${streamlit.origin}`, cookie, 'Upgrade: websocket', 'Connection: Upgrade']
    await rawExchange(streamlit.port, streamlit.request('GET /_stcore/stream', lines))
    const [seen] = streamlit.upstream.upgrades[0]?.values('cookie') ?? []
    expect(seen).toMatch(/^a=1; _streamlit_user=[\w-]+\.[\w-]+\.[\w-]+$/)
    await rawExchange(streamlit.port, streamlit.request('GET /', [cookie, 'Connection: close']))
    expect(streamlit.upstream.requests[0]?.values('cookie')).toEqual(['a=1'])
  })
})

async function expectOurs(
  to: number,
  request: (line: string, lines: readonly string[]) => string,
  cookie: string,
): Promise<void> {
  for (let at = 0; at < hostileLines.length; at += 80) {
    const lines = [...hostileLines.slice(at, at + 80), `Cookie: ${cookie}`, 'Connection: close']
    const { answers } = await rawExchange(to, request('GET /seen', lines), 20_000)
    const { seen } = JSON.parse(answers[0]?.body ?? '{}') as { seen: Record<string, string> }
    expect(Object.values(seen).filter((value) => value.includes('evil'))).toEqual([])
    expect(seen.HTTP_X_FORWARDED_USER).toBe('anna')
    expect(seen.HTTP_X_FORWARDED_EMAIL).toBe('anna@example.org')
    expect(seen.HTTP_X_FORWARDED_GROUPS).toBe('admin,diver')
  }
}

function namingUpstream(): Promise<RecordingUpstream> {
  return recordingUpstream({
    app(_request, response) {
      response.writeHead(200, {
        connection: 'close, X-Frame-Options, Set-Cookie',
        'x-frame-options': 'DENY',
        'set-cookie': 'theirs=1',
        'keep-alive': 'timeout=99',
        'proxy-authenticate': 'Basic',
      })
      response.end('ok')
    },
  })
}
