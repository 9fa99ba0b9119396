/** X-Forwarded-* and the client's address: nothing is believed by default, and never more than the address. */
import { describe, expect, it } from 'vitest'
import { clientAddress } from '../../src/gateway/client-address.ts'
import { type Harness, startHarness } from '../gateway/harness.ts'
import { fetchFrom } from '../gateway/loopback.ts'
import { anna } from '../gateway/people.ts'
import { rawExchange } from '../gateway/raw-client.ts'
import { signInForm } from '../gateway/sign-in-form.ts'

const rules = [
  { path: '/public/*', access: 'anyone' },
  { path: '/admin/*', roles: ['captain'] },
] as const
const gateway = await startHarness({ rules })
const trusting = await startHarness({ rules, trustProxy: ['127.0.0.1'] })
const both = [gateway, trusting]

const places = ['/public/x', '/_holdfast/live', 'http://127.0.0.1/public/x']
const forged = places.flatMap((place) =>
  [
    'X-Forwarded-Uri',
    'X-Original-Uri',
    'X-Original-URL',
    'X-Rewrite-URL',
    'X-Forwarded-Path',
    'X-Forwarded-Prefix',
  ].map((name) => `${name}: ${place}`),
)
const others = [
  'X-Forwarded-Method: OPTIONS',
  'X-HTTP-Method-Override: OPTIONS',
  'X-Forwarded-Host: evil.example',
  'X-Forwarded-Proto: https',
  'X-Forwarded-For: 127.0.0.1',
  'X-Forwarded-Ssl: on',
  'Forwarded: for=127.0.0.1;host=evil.example;proto=https',
  'X-Original-Method: GET',
]

async function statusOf(to: Harness, path: string, lines: readonly string[]): Promise<number | undefined> {
  const { answers } = await rawExchange(to.port, to.request(`GET ${path}`, [...lines, 'Connection: close']))
  return answers[0]?.status
}

describe('forwarded headers', () => {
  it('CVE-2026-40575: none of them changes which rule holds', async () => {
    for (const to of both) {
      to.upstream.forget()
      const cookie = `Cookie: ${await to.sessionOf(anna)}`
      for (const line of [...forged, ...others]) {
        expect(await statusOf(to, '/secret', [line]), line).toBe(401)
        expect(await statusOf(to, '/admin/x', [line, cookie]), line).toBe(403)
      }
      expect(to.upstream.requests).toEqual([])
    }
  })

  it('CVE-2026-76835: by default no proxy is trusted, and none can be "everybody"', () => {
    const address = clientAddress([])
    expect(address('127.0.0.1', '203.0.113.9')).toBe('127.0.0.1')
    expect(address('::ffff:10.0.0.1', '203.0.113.9')).toBe('10.0.0.1')
    expect(address(undefined, '203.0.113.9')).toBe('')
    for (const all of ['0.0.0.0/0', '::/0']) expect(() => clientAddress([all])).toThrow('everybody')
  })

  it("CVE-2026-76835: the app is told the peer's address, whatever the client wrote", async () => {
    const lines = [
      'X-Forwarded-For: 203.0.113.9',
      'X-Real-IP: 203.0.113.9',
      `Cookie: ${await gateway.sessionOf(anna)}`,
    ]
    gateway.upstream.forget()
    await statusOf(gateway, '/', lines)
    expect(gateway.upstream.requests[0]?.values('x-forwarded-for')).toEqual(['127.0.0.1'])
    expect(gateway.upstream.requests[0]?.values('x-real-ip')).toEqual([])
  })

  it('CVE-2023-36456, CVE-2024-47070: a forged chain counts only from the first untrusted hop on the right', () => {
    const address = clientAddress(['10.0.0.0/8', 'fd00::/8'])
    expect(address('203.0.113.1', '198.51.100.1')).toBe('203.0.113.1')
    expect(address('10.0.0.1', '198.51.100.1, 203.0.113.7')).toBe('203.0.113.7')
    expect(address('10.0.0.1', '198.51.100.1, 203.0.113.7, 10.2.2.2')).toBe('203.0.113.7')
    expect(address('::ffff:10.0.0.1', '203.0.113.7')).toBe('203.0.113.7')
    expect(address('fd00::1', '2001:db8::1')).toBe('2001:db8::1')
    expect(address('10.0.0.1', '203.0.113.7, nonsense')).toBe('10.0.0.1')
    expect(address('10.0.0.1', '203.0.113.7, 10.9.9.9, \u0000')).toBe('10.0.0.1')
    expect(address('10.0.0.1', '')).toBe('10.0.0.1')
    expect(address('10.0.0.1', undefined)).toBe('10.0.0.1')
    expect(address('10.0.0.1', '10.0.0.2, 10.0.0.3')).toBe('10.0.0.2')
  })

  it('CVE-2023-36456: what is no network is refused at start', () => {
    for (const wrong of [
      '',
      'all',
      '10.0.0.0/33',
      '10.0.0.0/-1',
      '10.0.0.0/8/8',
      '10.0.0.0/x',
      'fd00::/129',
      '10.0.0/8',
    ]) {
      expect(() => clientAddress([wrong]), wrong).toThrow('trustProxy')
    }
  })

  it('CVE-2023-36456: guessing with a new forged address each time is throttled all the same', async () => {
    const target = await startHarness()
    const { token, cookie } = await signInForm(target)
    const statuses: number[] = []
    for (let i = 0; i < 12; i++) {
      const { status } = await fetchFrom(target.port, '/_holdfast/sign-in', {
        method: 'POST',
        headers: {
          ...{ host: target.host, origin: target.origin, cookie, 'x-forwarded-for': `203.0.113.${i}` },
          ...{ forwarded: `for=203.0.113.${i}`, 'content-type': 'application/x-www-form-urlencoded' },
        },
        body: new URLSearchParams({ username: 'anna', password: `guess ${i}`, form_token: token }).toString(),
      })
      statuses.push(status)
    }
    expect(statuses).toEqual([...Array(10).fill(401), 429, 429])
  })

  it('CVE-2026-33495: a forged scheme changes no cookie and no redirect', async () => {
    for (const [to, secure] of [
      [gateway, false],
      [await startHarness({ publicUrl: 'https://apps.example.org' }), true],
    ] as const) {
      for (const proto of ['https', 'http', 'evil_protocol', 'javascript']) {
        const headers = {
          host: to.host,
          accept: 'text/html',
          'x-forwarded-proto': proto,
          'x-forwarded-scheme': proto,
        }
        const page = await fetchFrom(to.port, '/_holdfast/sign-in', { headers })
        expect(
          page.setCookie.map((line) => /; Secure/.test(line)),
          proto,
        ).toEqual([secure])
        expect(page.headers['strict-transport-security'] !== undefined).toBe(secure)
        const away = await fetchFrom(to.port, '/x', { headers })
        expect(away.headers.location).toBe('/_holdfast/sign-in?return_to=%2Fx')
      }
    }
  })

  it('CVE-2024-21494, CVE-2024-21498, CVE-2024-21499: no forged host or scheme is in any answer', async () => {
    for (const path of [
      '/x',
      '/_holdfast/sign-in',
      '/_holdfast/sign-out',
      '/_holdfast/session',
      '/_holdfast/nothing',
    ]) {
      for (const to of both) {
        const headers = {
          ...{
            host: to.host,
            accept: 'text/html',
            'x-forwarded-host': 'evil.example',
            'x-host': 'evil.example',
          },
          ...{
            'x-forwarded-proto': 'evil_protocol',
            forwarded: 'host=evil.example',
            'x-forwarded-server': 'evil.example',
          },
        }
        const answer = await fetchFrom(to.port, path, { headers })
        expect(JSON.stringify(answer)).not.toContain('evil')
      }
    }
  })

  it('CVE-2026-34457: no user agent and no other header of a health check lets anybody in', async () => {
    gateway.upstream.forget()
    const agents = [
      'GoogleHC/1.0',
      'kube-probe/1.29',
      'ELB-HealthChecker/2.0',
      'Prometheus/2',
      'UptimeRobot/2.0',
      'curl/8',
    ]
    for (const agent of agents) expect(await statusOf(gateway, '/', [`User-Agent: ${agent}`])).toBe(401)
    for (const line of [
      'X-Health-Check: 1',
      'Purpose: prefetch',
      'X-Forwarded-User: anna',
      'Authorization: Basic YW5uYTp4',
    ]) {
      expect(await statusOf(gateway, '/', [line]), line).toBe(401)
    }
    expect(gateway.upstream.requests).toEqual([])
  })
})
