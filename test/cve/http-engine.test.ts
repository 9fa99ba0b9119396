/** The HTTP engine in Node: what an app answers, what identities hold, and what happens when either side breaks off. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer as createTls } from 'node:https'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { Identity } from '../../src/core/contracts.ts'
import { headerText } from '../../src/gateway/proxy/forwarded.ts'
import { ben, fetchFrom, startHarness } from '../gateway/harness.ts'
import { rawExchange, rawTalk } from '../gateway/raw-client.ts'
import { acceptUpgrade, recordingUpstream } from '../gateway/recording-upstream.ts'
import { clientFrame, openSocket, upgradeRequest } from '../gateway/socket-client.ts'

const crashes: unknown[] = []
const noteCrash = (error: unknown): void => {
  crashes.push(error)
}
beforeAll(() => {
  process.on('uncaughtException', noteCrash)
  process.on('unhandledRejection', noteCrash)
})
afterEach(() => expect(crashes).toEqual([]))
afterAll(() => {
  process.off('uncaughtException', noteCrash)
  process.off('unhandledRejection', noteCrash)
})

const gateway = await startHarness()

/** An app that answers every request with these bytes. */
async function rawApp(
  respond: (socket: Socket, request: string) => void,
): Promise<{ url: URL; sockets: Set<Socket> }> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => {})
    socket.on('data', (piece) => respond(socket, piece.toString('latin1')))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  afterAll(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`), sockets }
}

let answer = ''
const scripted = await rawApp((socket) => socket.write(Buffer.from(answer, 'latin1')))
const before = await startHarness({ upstreamUrl: scripted.url, headersTimeout: 1_500 })
const session = await before.sessionOf(ben)

async function through(bytes: string): Promise<Awaited<ReturnType<typeof rawExchange>>> {
  answer = bytes
  const exchange = await rawExchange(
    before.port,
    before.request('GET /', [`Cookie: ${session}`, 'Connection: close']),
    3_000,
  )
  // No connection that was answered badly is used again.
  for (const socket of scripted.sockets) socket.destroy()
  return exchange
}

async function stillSignedIn(): Promise<boolean> {
  const who = await fetchFrom(before.port, '/_holdfast/session', {
    headers: { host: before.host, cookie: session },
  })
  return who.status === 200 && who.setCookie.length === 0
}

const ok = 'HTTP/1.1 200 OK\r\n'
const invalid: Readonly<Record<string, string>> = {
  'two lengths that differ': `${ok}Content-Length: 2\r\nContent-Length: 3\r\n\r\nhey`,
  'two lengths that agree': `${ok}Content-Length: 2\r\nContent-Length: 2\r\n\r\nhi`,
  'a length and chunks': `${ok}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n`,
  'a negative length': `${ok}Content-Length: -1\r\n\r\n`,
  'a length with a sign': `${ok}Content-Length: +2\r\n\r\nhi`,
  'a line without a colon': `${ok}X\r\nContent-Length: 0\r\n\r\n`,
  'a blank before a colon': `${ok}X : 1\r\nContent-Length: 0\r\n\r\n`,
  'NUL in a value': `${ok}X: a\0b\r\nContent-Length: 0\r\n\r\n`,
  'CR in a value': `${ok}X: a\rb\r\nContent-Length: 0\r\n\r\n`,
  'a line ended by LF': `${ok}X: a\nContent-Length: 0\r\n\r\n`,
  'a folded line': `${ok}X: a\r\n b\r\nContent-Length: 0\r\n\r\n`,
  'no HTTP at all': 'kelp\r\n\r\n',
  'another protocol': 'SSH-2.0-OpenSSH_9\r\n',
  'a status of two digits': 'HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n',
  'a status of four digits': 'HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n',
  'a status below all': 'HTTP/1.1 099 X\r\nContent-Length: 0\r\n\r\n',
  'an upgrade nobody asked for':
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
  'headers without end': `${ok}X: ${'a'.repeat(70_000)}\r\n\r\n`,
}

describe('what an app answers', () => {
  it.each(Object.entries(invalid))(
    'CVE-2026-1525: %s from the app is a 502, and nobody is signed out',
    async (_name, bytes) => {
      const { answers, text } = await through(bytes)
      expect([answers[0]?.status, answers.length, text.match(/set-cookie/i)], text.slice(0, 200)).toEqual([
        502,
        1,
        null,
      ])
      expect(answers[0]?.headers.get('content-type')).toBe('application/problem+json')
      expect(await stillSignedIn()).toBe(true)
    },
  )

  it('CVE-2026-1525: an answer that is cut off is cut off for the browser too', async () => {
    for (const bytes of [
      `${ok}Content-Length: 10\r\n\r\nhalf`,
      `${ok}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n`,
      `${ok}Transfer-Encoding: chunked\r\n\r\n5\r\nhelloX\r\n0\r\n\r\n`,
    ]) {
      const app = await rawApp((socket) => socket.end(bytes))
      const to = await startHarness({ upstreamUrl: app.url, access: 'anyone' })
      const { text, closed } = await rawExchange(to.port, to.request('GET /', ['Connection: close']), 3_000)
      expect(closed).toBe(true)
      expect(text.endsWith('0\r\n\r\n')).toBe(false)
    }
  })

  it('CVE-2026-1525: a second answer in the same packet reaches nobody', async () => {
    const { answers, text } = await through(
      `${ok}Content-Length: 2\r\n\r\nhi${ok}Content-Length: 4\r\n\r\nevil`,
    )
    expect([answers.length, answers[0]?.body, text.includes('evil')]).toEqual([1, 'hi', false])
    const next = await through(`${ok}Content-Length: 4\r\n\r\nmine`)
    expect(next.answers[0]?.body).toBe('mine')
  })

  it('passes over what comes before the answer (102, 103), and the answer is whole', async () => {
    const early =
      'HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\nSet-Cookie: evil=1\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n'
    const { answers, text } = await through(`${early}${ok}Content-Length: 2\r\n\r\nhi`)
    expect([answers.at(-1)?.status, answers.at(-1)?.body, text.includes('evil')]).toEqual([200, 'hi', false])
  })

  it('drops Set-Cookie lines that would touch a cookie of ours, and keeps the others', async () => {
    const [name = ''] = session.split('=')
    const evil = [
      name,
      name.toUpperCase(),
      `__Host-Http-holdfast`,
      '__host-holdfast-x',
      `${name}-form`,
      'holdfast-form-1',
      'HoldFast',
    ]
    const lines = [
      ...evil.map((one) => `${one}=evil; Path=/`),
      ` ${name} =evil`,
      `=${name}=evil`,
      `; ${name}=evil`,
      `\t${name}=evil`,
      `${name}`,
    ]
    const theirs = ['theirs=1; Path=/; HttpOnly', 'a=holdfast', 'xholdfast=1']
    const { answers } = await through(
      `${ok}${[...lines, ...theirs].map((line) => `Set-Cookie: ${line}\r\n`).join('')}Content-Length: 0\r\n\r\n`,
    )
    expect(answers[0]?.headers.get('set-cookie')?.split('\n')).toEqual(theirs)
  })

  it('passes bytes beyond ASCII in headers on as they are', async () => {
    const name = Buffer.from('été 日本', 'utf8').toString('latin1')
    const { text } = await through(
      `HTTP/1.1 200 ${name}\r\nX-Name: ${name}\r\n__proto__: x\r\nContent-Length: 2\r\n\r\nhi`,
    )
    expect(text).toContain(`X-Name: ${name}`.replace('X-Name', 'x-name'))
    expect(text).toMatch(/^HTTP\/1.1 200 \r\n/)
  })

  it('an app that never answers is a 504, one that hangs up a 502, one that is not there a 502', async () => {
    const silent = await through('')
    expect(silent.answers[0]?.status).toBe(504)
    const rude = await rawApp((socket) => socket.destroy())
    const hung = await startHarness({ upstreamUrl: rude.url, access: 'anyone' })
    expect((await fetchFrom(hung.port, '/', { headers: { host: hung.host } })).status).toBe(502)
    const gone = await startHarness({ upstreamUrl: new URL('http://127.0.0.1:1'), access: 'anyone' })
    for (const [method, body] of [
      ['GET', ''],
      ['POST', 'x'.repeat(1_000)],
      ['POST', 'x'.repeat(5_000_000)],
    ] as const) {
      const sent =
        body === '' ? {} : { body, headers: { host: gone.host, 'content-length': `${body.length}` } }
      expect(
        (await fetchFrom(gone.port, '/', { method, headers: { host: gone.host }, ...sent })).status,
        method,
      ).toBe(502)
    }
    expect(await stillSignedIn()).toBe(true)
  })

  it('an answer that comes before the upload is read reaches the browser', async () => {
    const early = await rawApp((socket, request) => {
      if (request.startsWith('POST'))
        socket.end('HTTP/1.1 413 Too Large\r\nContent-Length: 5\r\nConnection: close\r\n\r\nlarge')
    })
    const to = await startHarness({ upstreamUrl: early.url, access: 'anyone' })
    const talk = await rawTalk(to.port)
    talk.send(to.request('POST /upload', ['Content-Length: 50000000']))
    talk.send(Buffer.alloc(200_000))
    const all = await talk.until((received) => received.includes('large'))
    expect(all.toString('latin1')).toMatch(/^HTTP\/1.1 413 /)
    talk.socket.destroy()
  })
})

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

describe('when a side breaks off', () => {
  it('CVE-2024-21536, CVE-2026-55602, CVE-2026-55603: a client that goes at any moment crashes nothing and leaves nothing open', async () => {
    const cookie = await gateway.sessionOf(ben)
    const whole = [
      gateway.request('GET /', [`Cookie: ${cookie}`]),
      `${gateway.request('POST /', [`Cookie: ${cookie}`, 'Content-Length: 20'])}${'x'.repeat(20)}`,
      `${gateway.request('POST /_holdfast/sign-in', [`Origin: ${gateway.origin}`, 'Content-Type: application/x-www-form-urlencoded', 'Content-Length: 20'])}${'x'.repeat(20)}`,
      upgradeRequest(gateway, { cookie }),
      upgradeRequest(gateway, { cookie, path: '/_holdfast/events' }),
    ]
    for (const bytes of whole) {
      const cuts = [1, 20, bytes.length - 21, bytes.length - 3, bytes.length - 1, bytes.length]
      for (const [i, cut] of cuts.entries()) {
        const talk = await rawTalk(gateway.port)
        talk.send(bytes.slice(0, cut))
        if (i % 2 === 0) talk.socket.resetAndDestroy()
        else talk.socket.destroy()
        await talk.closed
      }
    }
    await expect.poll(() => gateway.sockets.size, { timeout: 5_000 }).toBe(0)
    const after = await fetchFrom(gateway.port, '/', { headers: { host: gateway.host, cookie } })
    expect(after.status).toBe(200)
    expect(gateway.log.filter((entry) => entry.level === 'error')).toEqual([])
  })

  it('CVE-2026-55602: a client that goes while its socket is being opened leaves none open to the app', async () => {
    const slow = await startHarness()
    const cookie = await slow.sessionOf(ben)
    let gate = (): void => {}
    slow.store.before = (method) =>
      method === 'read'
        ? new Promise((resolve) => {
            gate = resolve
          })
        : Promise.resolve()
    const talk = await rawTalk(slow.port)
    talk.send(upgradeRequest(slow, { cookie }))
    await expect.poll(() => slow.store.calls.get('read') ?? 0).toBeGreaterThan(0)
    talk.socket.resetAndDestroy()
    await talk.closed
    slow.store.before = null
    gate()
    await expect
      .poll(() => slow.upstream.upgrades.length + slow.sockets.size + slow.upstream.openSockets)
      .toBe(0)
    await new Promise((resolve) => setImmediate(resolve))
    expect([slow.sockets.size, slow.upstream.openSockets]).toEqual([0, 0])
  })

  it('CVE-2026-55603: an app that breaks off at any moment crashes nothing', async () => {
    const full = `${ok}Content-Type: text/html\r\nContent-Length: 26\r\n\r\n<html><head></head></html>`
    for (let cut = 0; cut <= full.length; cut += 7) {
      const app = await rawApp((socket) => {
        socket.write(full.slice(0, cut))
        if (cut % 2 === 0) socket.resetAndDestroy()
        else socket.end()
      })
      const to = await startHarness({ upstreamUrl: app.url, access: 'anyone' })
      await rawExchange(to.port, to.request('GET /', ['Accept: text/html', 'Connection: close']), 1_000)
      await rawExchange(
        to.port,
        `${to.request('POST /', ['Content-Length: 5', 'Connection: close'])}hello`,
        1_000,
      )
      const { answers } = await rawExchange(to.port, upgradeRequest(to, {}), 1_000)
      expect([200, 502]).toContain(answers[0]?.status)
      await to.close()
    }
  })

  it('CVE-2024-21536: an app that refuses, answers or breaks an upgrade leaves no socket behind', async () => {
    const replies = [
      'HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno',
      'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
      'HTTP/1.1 302 Away\r\nLocation: //evil.example\r\n\r\n',
      'kelp',
      '',
    ]
    for (const reply of replies) {
      const app = await rawApp((socket) => (reply === '' ? socket.resetAndDestroy() : socket.end(reply)))
      const to = await startHarness({ upstreamUrl: app.url, access: 'anyone' })
      const { answers, closed, text } = await rawExchange(to.port, upgradeRequest(to, {}), 2_000)
      expect([answers.length, closed], text).toEqual([1, true])
      expect(answers[0]?.status).not.toBe(101)
      expect(text).not.toContain('evil')
      await to.close()
    }
  })
})

describe('https to the app', () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-tls-'))
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const names = 'subjectAltName=IP:127.0.0.1,DNS:localhost'
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1']
  const files = ['-keyout', key, '-out', cert]
  execFileSync('openssl', ['req', '-x509', ...curve, '-subj', '/CN=app', '-addext', names, ...files], {
    stdio: 'ignore',
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  /** An app behind that certificate; its port, and how often it was reached. */
  async function tlsApp(): Promise<{ readonly port: number; reached: number }> {
    const app = { port: 0, reached: 0 }
    const server = createTls({ key: readFileSync(key), cert: readFileSync(cert) }, (_request, response) => {
      app.reached++
      response.end('secret')
    })
    server.on('upgrade', (_request, socket) => {
      app.reached++
      acceptUpgrade(socket)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    app.port = (server.address() as AddressInfo).port
    return app
  }

  async function statuses(upstreamUrl: URL): Promise<(number | undefined)[]> {
    const to = await startHarness({ upstreamUrl, access: 'anyone', publicUrl: 'https://apps.example.org' })
    const { status } = await fetchFrom(to.port, '/', { headers: { host: to.host } })
    return [status, (await rawExchange(to.port, upgradeRequest(to, {}), 2_000)).answers[0]?.status]
  }

  it('CVE-2026-107318: a certificate nobody vouches for is refused, for requests and upgrades', async () => {
    const app = await tlsApp()
    expect(await statuses(new URL(`https://127.0.0.1:${app.port}`))).toEqual([502, 502])
    expect(app.reached).toBe(0)
  })

  it("CVE-2026-107318: a certificate is held against the app's own name, not against the Host we pass on", async () => {
    const app = await tlsApp()
    const trusted = getCACertificates('default')
    onTestFinished(() => setDefaultCACertificates(trusted))
    setDefaultCACertificates([...trusted, readFileSync(cert, 'utf8')])
    expect(await statuses(new URL(`https://127.0.0.1:${app.port}`))).toEqual([200, 101])
    expect(await statuses(new URL(`https://localhost:${app.port}`))).toEqual([200, 101])
    expect(await statuses(new URL(`https://127.0.0.2:${app.port}`))).toEqual([502, 502])
  })
})
