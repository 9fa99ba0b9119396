/** What an app answers: valid it passes, invalid it is a 502, and it never touches a session. */
import { describe, expect, it } from 'vitest'
import { startHarness } from '../gateway/harness.ts'
import { fetchFrom } from '../gateway/loopback.ts'
import { ben } from '../gateway/people.ts'
import { rawExchange, rawTalk } from '../gateway/raw-client.ts'
import { failOnCrash } from './crashes.ts'
import { ok, rawApp } from './raw-app.ts'

failOnCrash()

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
