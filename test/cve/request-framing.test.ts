/**
 * Request smuggling: messages that two parsers cut at different places. Whatever is sent, the app receives exactly as many
 * requests as clients had accepted, and every parser cuts what it receives alike.
 */
import { describe, expect, it } from 'vitest'
import { startHarness } from '../gateway/harness.ts'
import { parsedByH11, withoutPython } from '../gateway/python.ts'
import { rawExchange } from '../gateway/raw-client.ts'

const gateway = await startHarness({ access: 'anyone' })
const { upstream, port, host } = gateway

interface Sent {
  /** Final answers that are no refusal. */
  readonly accepted: number
  readonly statuses: readonly number[]
  readonly reached: number
  readonly closed: boolean
}

// Behind each vector stands the request somebody would like to smuggle.
const smuggled = `GET /smuggled HTTP/1.1\r\nHost: ${host}\r\n\r\n`

async function send(bytes: string): Promise<Sent> {
  upstream.forget()
  const { answers, closed } = await rawExchange(port, bytes)
  const statuses = answers.map((one) => one.status).filter((status) => status >= 200)
  return {
    accepted: statuses.filter((status) => status < 400).length,
    statuses,
    reached: upstream.requests.filter((one) => one.complete).length,
    closed,
  }
}

function post(lines: readonly string[], body: string, start = 'POST /vector HTTP/1.1'): string {
  return `${[start, ...(lines.some((line) => /^host/i.test(line)) ? [] : [`Host: ${host}`]), ...lines, '', ''].join('\r\n')}${body}`
}

const chunked = '5\r\nhello\r\n0\r\n\r\n'

/** What must be refused, with everything that follows on the same connection. */
const refused: Readonly<Record<string, string>> = {
  'Content-Length with Transfer-Encoding': post(['Content-Length: 5', 'Transfer-Encoding: chunked'], chunked),
  'Transfer-Encoding with Content-Length': post(['Transfer-Encoding: chunked', 'Content-Length: 5'], chunked),
  'a coding list with an empty element before': post(['Transfer-Encoding: ,chunked'], chunked),
  'a coding list with an empty element after': post(['Transfer-Encoding: chunked,'], chunked),
  'two codings': post(['Transfer-Encoding: gzip, chunked'], chunked),
  'chunked twice': post(['Transfer-Encoding: chunked, chunked'], chunked),
  'two Transfer-Encoding lines': post(['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'], chunked),
  'two lines, the last an unknown one': post(
    ['Transfer-Encoding: chunked', 'Transfer-Encoding: cow'],
    chunked,
  ),
  'an unknown coding': post(['Transfer-Encoding: xchunked'], chunked),
  identity: post(['Transfer-Encoding: identity'], 'hello'),
  'chunked not last': post(['Transfer-Encoding: chunked, gzip'], chunked),
  'chunked in quotes': post(['Transfer-Encoding: "chunked"'], chunked),
  'a parameter on chunked': post(['Transfer-Encoding: chunked;x=1'], chunked),
  'a vertical tab before chunked': post(['Transfer-Encoding: \vchunked'], chunked),
  'an empty Transfer-Encoding': post(['Transfer-Encoding: '], 'hello'),
  'a blank before the colon': post(['Transfer-Encoding : chunked'], chunked),
  'a folded line': post(['Transfer-Encoding:', ' chunked'], chunked),
  'Transfer-Encoding on HTTP/1.0': post(
    ['Transfer-Encoding: chunked', 'Connection: keep-alive'],
    chunked,
    'POST /vector HTTP/1.0',
  ),
  'two lengths that differ': post(['Content-Length: 5', 'Content-Length: 6'], 'hello'),
  'two lengths that agree': post(['Content-Length: 5', 'Content-Length: 5'], 'hello'),
  'a list of lengths': post(['Content-Length: 5, 5'], 'hello'),
  'a length with a sign': post(['Content-Length: +5'], 'hello'),
  'a negative length': post(['Content-Length: -5'], 'hello'),
  'a hexadecimal length': post(['Content-Length: 0x5'], 'hello'),
  'an empty length': post(['Content-Length: '], 'hello'),
  'a length with an underscore': post(['Content-Length: 1_0'], 'hellohello'),
  'a length with a fraction': post(['Content-Length: 5.0'], 'hello'),
  'a length beyond 2^64': post(['Content-Length: 18446744073709551621'], 'hello'),
  'a chunk size with a prefix': post(['Transfer-Encoding: chunked'], '0x5\r\nhello\r\n0\r\n\r\n'),
  'a chunk size with an underscore': post(['Transfer-Encoding: chunked'], '0_5\r\nhello\r\n0\r\n\r\n'),
  'a negative chunk size': post(['Transfer-Encoding: chunked'], '-5\r\nhello\r\n0\r\n\r\n'),
  'a chunk size beyond 2^64': post(['Transfer-Encoding: chunked'], '10000000000000005\r\nhello\r\n0\r\n\r\n'),
  'a chunk that ends in LF': post(['Transfer-Encoding: chunked'], '5\nhello\r\n0\r\n\r\n'),
  'a chunk longer than said': post(['Transfer-Encoding: chunked'], '4\r\nhello\r\n0\r\n\r\n'),
  'CR in a chunk extension': post(['Transfer-Encoding: chunked'], '5;a\rb\r\nhello\r\n0\r\n\r\n'),
  'LF in a chunk extension': post(['Transfer-Encoding: chunked'], '5;a\nb\r\nhello\r\n0\r\n\r\n'),
  'a header ended by LF alone': `POST /vector HTTP/1.1\r\nHost: ${host}\nContent-Length: 0\r\n\r\n`,
  'a header ended by CR alone': `POST /vector HTTP/1.1\r\nHost: ${host}\rContent-Length: 0\r\n\r\n`,
  'a line break alone before the body': `POST /vector HTTP/1.1\nHost: ${host}\nContent-Length: 0\n\n`,
  'NUL in a value': post(['X: a\0b'], ''),
  'CR in a value': post(['X: a\rb'], ''),
  'an empty name': post([': x'], ''),
  'a line without a colon': post(['X'], ''),
  'a name with a blank': post(['X Y: 1'], ''),
  'two Hosts': post([`Host: ${host}`, 'Host: evil.example'], '', 'GET /vector HTTP/1.1'),
  'two Hosts that agree': post([`Host: ${host}`, `Host: ${host}`], '', 'GET /vector HTTP/1.1'),
  'an absolute target': post([], '', `GET http://${host}/vector HTTP/1.1`),
  'an absolute target of another': post([], '', 'GET http://evil.example/vector HTTP/1.1'),
  'an authority as target': post([], '', `GET ${host} HTTP/1.1`),
  'an asterisk as target': post([], '', 'OPTIONS * HTTP/1.1'),
  'a target with a fragment': post([], '', 'GET /vector#x HTTP/1.1'),
  CONNECT: post([], '', `CONNECT ${host} HTTP/1.1`),
  'an unknown method': post([], '', 'KELP /vector HTTP/1.1'),
  'a method in lower case': post([], '', 'get /vector HTTP/1.1'),
  'HTTP/2 in clear': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'HTTP/1.32': post([], '', 'GET /vector HTTP/1.32'),
  'HTTP/0.9': 'GET /vector\r\n\r\n',
  'an upgrade to h2c': post(
    [
      'Upgrade: h2c',
      `Origin: ${gateway.origin}`,
      'Connection: Upgrade, HTTP2-Settings',
      'HTTP2-Settings: AAMAAABkAAQAAP__',
    ],
    '',
    'GET /vector HTTP/1.1',
  ),
  'an upgrade with a body': post(
    ['Upgrade: websocket', 'Connection: Upgrade', `Origin: ${gateway.origin}`, 'Content-Length: 5'],
    'hello',
    'GET /vector HTTP/1.1',
  ),
  'an upgrade by POST': post(
    ['Upgrade: websocket', 'Connection: Upgrade', `Origin: ${gateway.origin}`],
    '',
    'POST /vector HTTP/1.1',
  ),
}

/** What is read in one way but is not for us: what follows on the connection is a request of its own. */
const declined: Readonly<Record<string, string>> = {
  'a Host with a path': post([`Host: ${host}/x`], '', 'GET /vector HTTP/1.1'),
  'a Host with a user': post([`Host: x@${host}`], '', 'GET /vector HTTP/1.1'),
  'an empty Host': post(['Host:'], '', 'GET /vector HTTP/1.1'),
  TRACE: post([], '', 'TRACE /vector HTTP/1.1'),
  'a method of WebDAV': post([], '', 'PROPFIND /vector HTTP/1.1'),
}

/** What is let through in one reading: how often it reaches the app, and with what body. */
const normalised: Readonly<Record<string, readonly [bytes: string, body: string]>> = {
  'a chunked body': [post(['Transfer-Encoding: chunked', 'Connection: close'], chunked), 'hello'],
  'chunked in capitals': [post(['transfer-encoding: Chunked', 'Connection: close'], chunked), 'hello'],
  'chunk extensions': [
    post(['Transfer-Encoding: chunked', 'Connection: close'], '5;a=b;c="d"\r\nhello\r\n0;e\r\n\r\n'),
    'hello',
  ],
  'a chunk size with leading zeros': [
    post(['Transfer-Encoding: chunked', 'Connection: close'], '0005\r\nhello\r\n0\r\n\r\n'),
    'hello',
  ],
  trailers: [
    post(
      ['Transfer-Encoding: chunked', 'Connection: close'],
      '5\r\nhello\r\n0\r\nX-Forwarded-User: evil\r\n\r\n',
    ),
    'hello',
  ],
  'a GET with a body': [
    post(['Content-Length: 5', 'Connection: close'], 'hello', 'GET /vector HTTP/1.1'),
    'hello',
  ],
  'a GET with a chunked body': [
    post(['Transfer-Encoding: chunked', 'Connection: close'], chunked, 'GET /vector HTTP/1.1'),
    'hello',
  ],
  'a DELETE with a body': [
    post(['Content-Length: 5', 'Connection: close'], 'hello', 'DELETE /vector HTTP/1.1'),
    'hello',
  ],
  'a GET with a length of nought': [
    post(['Content-Length: 0', 'Connection: close'], '', 'GET /vector HTTP/1.1'),
    '',
  ],
  'a POST without a length': [post(['Connection: close'], ''), ''],
  'hop-by-hop headers that name each other': [
    post(['Connection: close, content-length, host, cookie', 'Content-Length: 5'], 'hello'),
    'hello',
  ],
  Expect: [post(['Content-Length: 5', 'Expect: 100-continue', 'Connection: close'], 'hello'), 'hello'],
  'TE and Trailer': [
    post(['TE: trailers, deflate', 'Trailer: X', 'Content-Length: 5', 'Connection: close, TE'], 'hello'),
    'hello',
  ],
  'a body that looks like a request': [
    post([`Content-Length: ${smuggled.length}`, 'Connection: close'], smuggled),
    smuggled,
  ],
  'an upgrade named but not asked for': [
    post(['Upgrade: h2c', 'Content-Length: 5', 'Connection: close'], 'hello'),
    'hello',
  ],
  'two Cookie lines': [
    post(['Cookie: a=1', 'Cookie: b=2', 'Content-Length: 5', 'Connection: close'], 'hello'),
    'hello',
  ],
  'two blanks in the request line': [post(['Connection: close'], '', 'GET  /vector HTTP/1.1'), ''],
  'a length with leading zeros': [post(['Content-Length: 005', 'Connection: close'], 'hello'), 'hello'],
}

describe('request framing', () => {
  it.each(Object.entries(refused))(
    'CVE-2026-1525: refuses %s, and all that follows it',
    async (_name, bytes) => {
      const { accepted, reached, closed, statuses } = await send(bytes + smuggled)
      expect({ accepted, reached, closed }, statuses.join()).toEqual({
        accepted: 0,
        reached: 0,
        closed: true,
      })
    },
  )

  it('refuses a request without a Host', async () => {
    const { accepted, reached, closed } = await send('GET /vector HTTP/1.1\r\nX: 1\r\n\r\n')
    expect({ accepted, reached, closed }).toEqual({ accepted: 0, reached: 0, closed: true })
  })

  it.each(Object.entries(declined))('answers %s itself and goes on with the next', async (_name, bytes) => {
    const { accepted, reached, statuses } = await send(bytes + smuggled)
    expect([accepted, reached, upstream.requests[0]?.url], statuses.join()).toEqual([1, 1, '/smuggled'])
    expect([405, 421]).toContain(statuses[0])
  })

  it.each(Object.entries(normalised))(
    'reads %s in one way and passes on that one',
    async (_name, [bytes, body]) => {
      const { accepted, reached, statuses } = await send(bytes)
      expect([accepted, reached], statuses.join()).toEqual([1, 1])
      const [seen] = upstream.requests
      expect(seen?.body).toBe(body)
      expect(
        seen?.rawHeaders.filter((name) => /^(transfer-encoding|content-length)$/i.test(name)).length,
      ).toBeLessThanOrEqual(1)
      expect(seen?.rawHeaders.join()).not.toContain('evil')
    },
  )

  it('passes each of several requests in one packet on once, in order', async () => {
    const bytes = [1, 2, 3]
      .map((i) => post(['Content-Length: 5'], 'hello', `POST /pipe/${i} HTTP/1.1`))
      .join('')
    const { accepted, reached } = await send(bytes)
    expect([accepted, reached]).toEqual([3, 3])
    expect(upstream.requests.map((one) => one.url).sort()).toEqual(['/pipe/1', '/pipe/2', '/pipe/3'])
  })

  it('lets nothing through behind a refused request, where those before it were in order', async () => {
    const good = post(['Content-Length: 5'], 'hello', 'POST /good HTTP/1.1')
    for (const bad of [
      'a coding list with an empty element before',
      'two Hosts',
      'an absolute target',
      'Transfer-Encoding on HTTP/1.0',
    ]) {
      const { reached } = await send(good + (refused[bad] ?? '') + smuggled)
      expect(reached, bad).toBeLessThanOrEqual(1)
      expect(
        upstream.requests.map((one) => one.url),
        bad,
      ).not.toContain('/smuggled')
    }
  })

  it('sends no request of one client over to the answer of another', async () => {
    const answers = await Promise.all(
      Array.from({ length: 60 }, async (_, i) => {
        const bad = Object.values(refused)[i % 60] ?? ''
        const good = post(['Content-Length: 2', 'Connection: close'], 'hi', `POST /mine/${i} HTTP/1.1`)
        const [, own] = await Promise.all([rawExchange(port, bad), rawExchange(port, good, 2_000)])
        return own.answers[0]?.body
      }),
    )
    expect(answers).toEqual(answers.map((_, i) => `POST /mine/${i}`))
  })

  it.skipIf(withoutPython)('h11 and Node cut everything that reached the app alike', async () => {
    upstream.forget()
    const vectors = [
      ...Object.values(normalised).map(([bytes]) => bytes),
      ...Object.values(refused),
      ...Object.values(declined),
    ]
    for (const bytes of vectors) await rawExchange(port, bytes)
    const captures = upstream.connections
      .map((pieces) => Buffer.concat(pieces))
      .filter((one) => one.length > 0)
    const judged = await parsedByH11(captures)
    expect(judged.filter((one) => one.error !== undefined)).toEqual([])
    const byH11 = judged
      .flatMap((one) => one.requests ?? [])
      .map(({ method, url, body }) => `${method} ${url} ${body}`)
    const byNode = upstream.requests
      .filter((one) => one.complete)
      .map(({ method, url, body }) => `${method} ${url} ${body}`)
    expect(byH11.sort()).toEqual(byNode.sort())
    expect(byNode.length).toBe(Object.keys(normalised).length)
  })
})
