/** What is too much, too large or too slow is refused early, and costs nobody else anything. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { endIdleBody, readBody } from '../../src/gateway/visit.ts'
import { startHarness } from './harness.ts'
import { fetchFrom } from './loopback.ts'
import { ben } from './people.ts'
import { rawExchange, rawTalk } from './raw-client.ts'

const gateway = await startHarness()
const cookie = await gateway.sessionOf(ben)

/** A server that does this one thing; its port. */
async function serverThat(
  does: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<number> {
  const server = createServer({ requestTimeout: 0 }, does)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

describe('sizes', () => {
  it('refuses huge headers, many headers, huge URLs and hundreds of cookies at once', async () => {
    const vectors: Readonly<Record<string, [string, number[]]>> = {
      'one header of 70 KB': [gateway.request('GET /', [`X: ${'x'.repeat(70_000)}`]), [431]],
      'ten thousand headers': [
        gateway.request(
          'GET /',
          Array.from({ length: 10_000 }, (_, i) => `X-${i}: ${i}`),
        ),
        [400, 431],
      ],
      'five hundred headers': [
        gateway.request(
          'GET /',
          Array.from({ length: 500 }, (_, i) => `X-${i}: ${i}`),
        ),
        [400, 431],
      ],
      'a URL of 1 MB': [gateway.request(`GET /${'x'.repeat(1_000_000)}`), [431]],
      'a URL of 20 KB': [gateway.request(`GET /${'x'.repeat(20_000)}`), [400, 414]],
      'a query of 20 KB': [gateway.request(`GET /?${'x'.repeat(20_000)}`), [400, 414]],
      'a Cookie header of 90 KB': [
        gateway.request('GET /', [
          `Cookie: ${Array.from({ length: 500 }, (_, i) => `c${i}=${'x'.repeat(170)}`).join('; ')}`,
        ]),
        [431],
      ],
    }
    gateway.upstream.forget()
    for (const [name, [bytes, statuses]] of Object.entries(vectors)) {
      const started = performance.now()
      const { answers, closed } = await rawExchange(gateway.port, bytes, 2_000)
      expect(statuses, name).toContain(answers[0]?.status)
      expect(closed, name).toBe(true)
      expect(performance.now() - started, name).toBeLessThan(1_500)
    }
    expect(gateway.upstream.requests).toEqual([])
  })

  it('takes what real browsers send: 30 KB of cookies, a query of 8 KB', async () => {
    const many = Array.from({ length: 100 }, (_, i) => `c${i}=${'x'.repeat(300)}`).join('; ')
    const answer = await fetchFrom(gateway.port, `/?${'q'.repeat(8_000)}`, {
      headers: { host: gateway.host, cookie: `${many}; ${cookie}` },
    })
    expect(answer.status).toBe(200)
    expect(gateway.upstream.requests.at(-1)?.values('cookie')).toEqual([many])
  })

  it('refuses a form larger than any form of ours, and reads no further', async () => {
    const size = 50_000_000
    const talk = await rawTalk(gateway.port)
    const lines = [
      `Origin: ${gateway.origin}`,
      'Content-Type: application/x-www-form-urlencoded',
      `Content-Length: ${size}`,
    ]
    talk.send(gateway.request('POST /_holdfast/sign-in', lines))
    talk.send(Buffer.alloc(100_000, 'x'))
    const all = await talk.until((received) => received.includes('\r\n\r\n'))
    expect(all.toString('latin1')).toMatch(/^HTTP\/1.1 413 /)
    talk.socket.destroy()
  })
})

describe('slowness', () => {
  it('ends a form that comes a byte at a time', async () => {
    const bodies: (string | null)[] = []
    const port = await serverThat((request, response) => {
      readBody(request, 100, 300)
        .then((body) => bodies.push(body))
        .then(() => response.end())
        .catch(() => undefined)
    })
    const talk = await rawTalk(port)
    talk.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\n')
    const drip = setInterval(() => talk.send('x'), 50)
    talk.socket.on('error', () => {})
    await talk.closed
    clearInterval(drip)
    expect(bodies).toEqual([null])
  })

  it('ends an upload that stands still, and none that the app is slow to read', async () => {
    const ends: string[] = []
    const port = await serverThat((request, response) => {
      endIdleBody(request, 200)
      if (request.url === '/slow-app') {
        request.pause()
        setTimeout(() => request.resume(), 900)
      } else request.resume()
      request.on('end', () => response.end('whole'))
      request.on('close', () => ends.push(`${request.url} ${request.complete}`))
    })
    const still = await rawTalk(port)
    still.send('POST /still HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\nx')
    await still.closed
    await expect.poll(() => ends).toEqual(['/still false'])
    const patient = await rawTalk(port)
    patient.send(`POST /slow-app HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n${'x'.repeat(200_000)}`)
    await patient.until((all) => all.includes('whole'))
    patient.socket.destroy()
  })

  it('answers others while a hundred connections send nothing, half a header or half a body', async () => {
    const halves = [
      '',
      'GET',
      gateway.request('GET /').slice(0, -2),
      gateway.request('POST /', [`Cookie: ${cookie}`, 'Content-Length: 100']),
    ]
    const held = await Promise.all(
      Array.from({ length: 100 }, async (_, i) => {
        const talk = await rawTalk(gateway.port)
        talk.socket.on('error', () => {})
        talk.send(halves[i % halves.length] ?? '')
        return talk
      }),
    )
    const started = performance.now()
    for (let i = 0; i < 20; i++) {
      expect((await fetchFrom(gateway.port, '/', { headers: { host: gateway.host, cookie } })).status).toBe(
        200,
      )
    }
    expect(performance.now() - started).toBeLessThan(3_000)
    for (const talk of held) talk.socket.destroy()
  })
})
