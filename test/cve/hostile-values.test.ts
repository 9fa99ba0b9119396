/** What identities, bodies and headers hold ends no header, is inflated nowhere and fills nothing. */
import { describe, expect, it } from 'vitest'
import type { Identity } from '../../src/core/contracts.ts'
import { headerText } from '../../src/gateway/proxy/forwarded.ts'
import { startHarness } from '../gateway/harness.ts'
import { fetchFrom } from '../gateway/loopback.ts'
import { ben } from '../gateway/people.ts'
import { rawExchange } from '../gateway/raw-client.ts'
import { recordingUpstream } from '../gateway/recording-upstream.ts'
import { clientFrame, openSocket, upgradeRequest } from '../gateway/socket-client.ts'
import { failOnCrash } from './crashes.ts'

failOnCrash()

const gateway = await startHarness()

describe('what identities and sockets hold', () => {
  const odd = [
    'Anna\r\nX-Forwarded-Groups: admin',
    'a\nb',
    'a\rb',
    'a\0b',
    'Ænna Ωmega',
    '日本',
    '🪸',
    'a\u2028b',
    '\ud800',
    '\x7f',
    '100%',
    ' padded ',
    'tab\there',
  ]

  it('CVE-2026-1527: a name with line breaks, controls or letters beyond Latin-1 ends no header', async () => {
    const seen = new Set<string>()
    for (const name of odd) {
      const identity: Identity = {
        userId: name,
        authenticator: 'test',
        claims: { email: name, preferred_username: name, roles: [name, 'x,admin'] },
      }
      const cookie = await gateway.sessionOf(identity)
      gateway.upstream.forget()
      const got = await fetchFrom(gateway.port, '/', { headers: { host: gateway.host, cookie } })
      expect([got.status, JSON.stringify(name)]).toEqual([200, JSON.stringify(name)])
      await rawExchange(gateway.port, upgradeRequest(gateway, { cookie }))
      for (const request of [gateway.upstream.requests[0], gateway.upstream.upgrades[0]]) {
        const [user = ''] = request?.values('x-forwarded-user') ?? []
        expect(user).toMatch(/^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/)
        expect(decodeURIComponent(user)).toBe(name.toWellFormed())
        expect(request?.values('x-forwarded-groups')).toEqual([`${user.replaceAll(',', '%2C')},x%2Cadmin`])
        expect(request?.values('x-forwarded-email')).toEqual([user])
        seen.add(user)
      }
    }
    expect(seen.size).toBe(odd.length)
    expect(headerText("plain (text) ~!'*")).toBe("plain (text) ~!'*")
  })

  it('CVE-2026-1526, CVE-2026-1528, CVE-2026-2229: what is compressed passes as it is, and is inflated nowhere', async () => {
    const bomb = Buffer.concat([Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]), Buffer.alloc(1_000, 0xff)])
    const upstream = await recordingUpstream({
      app: (_request, response) => {
        response.writeHead(200, {
          'content-type': 'text/html',
          'content-encoding': 'gzip',
          'content-length': bomb.length,
        })
        response.end(bomb)
      },
    })
    const to = await startHarness({ upstream, access: 'anyone' })
    const { text } = await rawExchange(
      to.port,
      to.request('GET /', ['Accept: text/html', 'Sec-Fetch-Dest: document', 'Connection: close']),
      2_000,
    )
    expect(text.endsWith(bomb.toString('latin1'))).toBe(true)
    const events = await openSocket(gateway, {
      cookie: await gateway.sessionOf(ben),
      path: '/_holdfast/events',
      lines: ['Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits'],
    })
    expect(events.received().toString('latin1')).not.toMatch(/extensions/i)
    // A compressed frame, and one larger than anything we expect, end the connection instead of being unpacked.
    const compressed = clientFrame(1, Buffer.alloc(100))
    compressed[0] = 0xc1
    events.send(compressed)
    await events.closed
    const large = await openSocket(gateway, {
      cookie: await gateway.sessionOf(ben),
      path: '/_holdfast/events',
    })
    large.send(clientFrame(2, Buffer.alloc(2_000)))
    await large.closed
  })

  it('the two thousand headers that crashed ws: refused, and nothing is read differently because of a limit', async () => {
    const cookie = await gateway.sessionOf(ben)
    const many = Array.from({ length: 2_000 }, (_, i) => `X-${i}: ${i}`)
    for (const lines of [
      many,
      many.slice(0, 250),
      [...many.slice(0, 200), 'Content-Length: 5'],
      [...many.slice(0, 200), 'Origin: http://evil.example'],
      [...many.slice(0, 250), 'Transfer-Encoding: chunked'],
    ]) {
      gateway.upstream.forget()
      const upgrade = upgradeRequest(gateway, { cookie }).replace(
        '\r\n\r\n',
        `\r\n${lines.join('\r\n')}\r\n\r\n`,
      )
      const request = gateway.request('GET /', [`Cookie: ${cookie}`, 'Connection: close', ...lines])
      for (const bytes of [upgrade, request]) {
        const { answers, closed } = await rawExchange(gateway.port, bytes)
        expect([400, 403, 431], `${lines.length}`).toContain(answers[0]?.status)
        expect(closed).toBe(true)
      }
      expect([gateway.upstream.upgrades.length, gateway.upstream.requests.length], `${lines.length}`).toEqual(
        [0, 0],
      )
    }
  })
})
