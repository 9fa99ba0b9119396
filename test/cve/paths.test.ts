/** Paths that two parsers read differently: what our rules matched is what the app routes, or it is refused. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Identity } from '../../src/core/contracts.ts'
import { type AccessRule, decide, type Visitor } from '../../src/gateway/access.ts'
import { requestTarget, withoutParameter } from '../../src/gateway/target.ts'
import { anna, ben, startHarness } from '../gateway/harness.ts'
import { startPythonApp, withoutPython } from '../gateway/python.ts'
import { rawExchange } from '../gateway/raw-client.ts'

const rules: readonly AccessRule[] = [
  { path: '/public/*', access: 'anyone' },
  { path: '/admin/*', roles: ['admin'] },
  { path: '/report', roles: ['admin'] },
]
const gateway = await startHarness({ rules })
const { upstream, port } = gateway
const bens = await gateway.sessionOf(ben)

/** The status, and how many requests reached the app. */
async function send(
  target: string,
  lines: readonly string[] = [],
  method = 'GET',
): Promise<[number | undefined, number]> {
  upstream.forget()
  const { answers } = await rawExchange(
    port,
    gateway.request(`${method} ${target}`, [...lines, 'Connection: close']),
  )
  return [answers[0]?.status, upstream.requests.length]
}

const dots = [
  '..',
  '%2e%2e',
  '%2E.',
  '.%2e',
  '..;',
  '..;x=1',
  '%252e%252e',
  '%25252e%25252e',
  '..%00',
  '%c0%ae%c0%ae',
  '..%5c',
  '.',
]
const slashes = ['/', '//', '\\', '%2f', '%2F', '%5c', '%252f', '/;/', '/./', '%c0%af', '%e0%80%af']
const escaping = dots.flatMap((dot) => slashes.map((slash) => `/public/${dot}${slash}secret`))
const broken = [
  '/%',
  '/%2',
  '/%zz',
  '/%u002e',
  '/a%00b',
  '/a%0d%0ab',
  '/a%7f',
  '/a%80',
  '/a%ff',
  '/a%c3',
  '/a%ed%a0%80',
  '/a%f5%80%80%80',
]

/** What a session says of somebody. */
function visitor(identity: Identity | null): Visitor | null {
  return identity === null ? null : { identity, authenticatedAt: 0, factorAt: null }
}

describe('the request target', () => {
  it('CVE-2025-54576: a rule never matches the query', async () => {
    for (const target of [
      '/?x=/public/',
      '/secret?/public/x',
      '/secret?x=/../public/x',
      '/secret?a=1&b=/public/',
      '/secret;/public/x',
    ]) {
      expect(await send(target), target).toEqual([401, 0])
    }
    expect(await send('/public/x?next=/secret')).toEqual([200, 1])
  })

  it('GHSA-pxq7-h93f-9jrg: a fragment is refused, raw or behind a question mark', async () => {
    for (const target of ['/public/x#/secret', '/secret#/public/x', '/#', '/x?a#b', '#/public/x']) {
      expect(await send(target), target).toEqual([400, 0])
    }
    // Escaped it is part of the name, for us as for the app.
    expect(await send('/secret%23/public/x')).toEqual([401, 0])
    expect(await send('/public/x%23y')).toEqual([200, 1])
  })

  it('CVE-2026-33494: no path climbs out of a public folder', async () => {
    for (const target of [...escaping, ...broken, ...broken.map((one) => `/public${one}`)]) {
      const [status, reached] = await send(target)
      const judged = requestTarget(target)
      // What is let through must be under /public/ for every reading there is.
      if (reached === 0) expect([400, 401], target).toContain(status)
      else expect(judged?.path, target).toMatch(/^\/public\/(?!.*(\.\.|%2e|%2f|%5c|\\))/i)
    }
  })

  it('CVE-2026-33494: all of them are refused, whoever sends them', async () => {
    const passed: string[] = []
    for (const target of [...escaping, ...broken]) {
      const [status] = await send(target, [`Cookie: ${bens}`])
      if (status !== 400) passed.push(target)
    }
    expect(passed).toEqual([])
  })

  it('CVE-2026-33494: a role rule holds for every spelling of its path', async () => {
    const spellings = [
      '/admin',
      '/admin/',
      '/admin/x',
      '/ADMIN/x',
      '/Admin',
      '/%61dmin/x',
      '/%41dmin',
      '/adm%69n/x',
      '/admin;x=1/y',
      '/admin;/y',
      '/admin;',
      '/admin/%ff',
      '/%61dmin/%ff',
      '/%2561dmin/x',
      '/report',
      '/report/',
      '/REPORT',
      '/r%65port',
      '/report;jsessionid=1',
    ]
    for (const target of spellings) {
      const [status, reached] = await send(target, [`Cookie: ${bens}`])
      expect([400, 403], target).toContain(status)
      expect(reached, target).toBe(0)
    }
  })

  it('CVE-2026-33494: a rule that lets everybody in holds for its own spelling alone', async () => {
    for (const target of [
      '/PUBLIC/x',
      '/Public',
      '/%70ublic/x',
      '/public;/x',
      '/publicx',
      '/public%20/x',
      '/public;',
    ]) {
      expect(await send(target), target).toEqual([401, 0])
    }
    expect(await send('/public')).toEqual([200, 1])
    expect(await send('/public/')).toEqual([200, 1])
  })

  it('GHSA-3q34-rx83-r6mq: the app is sent byte for byte what the rules matched', async () => {
    const kept = [
      '/a/b',
      '/a/b/',
      '/a%20b',
      '/%C3%A9t%C3%A9',
      "/a!$&'()*+,;=:@b",
      '/a?x=%2F..%2F',
      '/a?',
      '/a?a=b&a=c',
      '/~x/[y]',
      '/a|b',
    ]
    for (const target of kept) {
      const [status, reached] = await send(target, [`Cookie: ${bens}`])
      expect([status, reached, upstream.requests[0]?.url], target).toEqual([200, 1, target])
    }
  })

  it.skipIf(withoutPython)(
    'GHSA-3q34-rx83-r6mq: real WSGI and ASGI servers route what the rules matched',
    async () => {
      for (const app of ['echo_wsgi', 'echo_asgi'] as const) {
        const real = await startHarness({ upstreamUrl: await startPythonApp(app), rules })
        const cookie = await real.sessionOf(ben)
        const targets = [
          ...escaping,
          ...broken,
          '/public/a%20b',
          '/%70ublic/x',
          '/public/%C3%A9',
          '/admin%2520x',
          '/public/%25',
        ]
        for (const target of targets) {
          const bytes = real.request(`GET ${target}`, [`Cookie: ${cookie}`, 'Connection: close'])
          const { answers } = await rawExchange(real.port, bytes, 2_000)
          if (answers[0]?.status !== 200) continue
          const routed = (JSON.parse(answers[0].body) as { path: string }).path
          // WSGI hands bytes over as Latin-1.
          const path = app === 'echo_wsgi' ? Buffer.from(routed, 'latin1').toString('utf8') : routed
          expect(path).toBe(decodeURIComponent(requestTarget(target)?.path ?? ''))
          expect(decide(path, visitor(ben), rules, 'signed-in')).not.toBe('forbidden')
        }
      }
    },
  )

  it('CVE-2021-39206, CVE-2021-32777: headers that frame or route may come once', async () => {
    const valid = await startHarness({ access: 'anyone' })
    for (const [lines, body] of [
      [['Host: evil.example'], ''],
      [[`Host: ${valid.host}`], ''],
      [['Content-Length: 1', 'Content-Length: 1'], 'x'],
      [['Content-Length: 1', 'Content-Length: 2'], 'xy'],
    ] as const) {
      const { answers } = await rawExchange(
        valid.port,
        valid.request('POST /', [...lines, 'Connection: close']) + body,
      )
      expect([answers[0]?.status, valid.upstream.requests.length], lines.join()).toEqual([400, 0])
    }
  })

  it('CVE-2021-32777: two Cookie lines are one list: a second session cookie makes both count for nothing', async () => {
    const [name = '', value = ''] = bens.split('=')
    const annas = await gateway.sessionOf(anna)
    expect(await send('/x', [`Cookie: ${bens}`, `Cookie: ${annas}`])).toEqual([401, 0])
    expect(await send('/x', ['Cookie: a=1', `Cookie: ${name}=${value}`, 'Cookie: b=2'])).toEqual([200, 1])
    expect(upstream.requests[0]?.values('cookie')).toEqual(['a=1; b=2'])
  })

  it('CVE-2021-32779, CVE-2023-33189: an escaped slash never stands for a slash, nor for a letter', async () => {
    for (const target of [
      '/public%2f..%2fsecret',
      '/secret%2fpublic',
      '/public%2Fx',
      '/%2fpublic/x',
      '/admin%2fx',
      '/x%5cadmin',
    ]) {
      expect(await send(target, [`Cookie: ${bens}`]), target).toEqual([400, 0])
    }
  })

  it('CVE-2021-32637: what cannot be read is refused, whatever its bytes', async () => {
    const open: readonly AccessRule[] = [{ path: '/*', access: 'anyone' }]
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 0, maxLength: 40 }), (bytes) => {
        const raw = Buffer.from(bytes).toString('latin1')
        const target = requestTarget(raw)
        if (target === null) return true
        // What is let through has one reading, and is what was sent.
        expect(target.path + target.query).toBe(raw)
        const url = new URL(raw, 'http://gateway.test')
        expect([url.host, url.pathname, url.search.replace(/^$/, target.query === '?' ? '?' : '')]).toEqual([
          'gateway.test',
          target.path,
          target.query.replaceAll("'", '%27'),
        ])
        return decide(target.path, null, open, 'signed-in') !== 'forbidden'
      }),
      { numRuns: 3_000 },
    )
  })

  it('CVE-2021-32637: random bytes as a target never reach the app unless signed in', async () => {
    const shapes = [
      '',
      ' ',
      '*',
      'x',
      '?',
      '?x',
      '.',
      '..',
      '/\u0000',
      '/\u00ff',
      '/ x',
      '/\t',
      'http://',
      '//',
      '///public/x',
      '/public//x',
    ]
    for (const shape of shapes) {
      const [status, reached] = await send(shape)
      expect([400, 401], JSON.stringify(shape)).toContain(status)
      expect(reached).toBe(0)
    }
  })

  it('CVE-2021-21321, CVE-2021-21322: under a base path nothing reaches the app beside it', async () => {
    const below = await startHarness({ publicUrl: 'http://127.0.0.1:8080/tool', access: 'anyone' })
    const outside = [
      '/',
      '/secret',
      '/toolbox',
      '/tool/../secret',
      '/tool/%2e%2e/secret',
      '/tool/..;/secret',
      '//tool/x',
      '/TOOL/x',
      '/%74ool/x',
    ]
    for (const target of outside) {
      const { answers } = await rawExchange(below.port, below.request(`GET ${target}`, ['Connection: close']))
      expect([400, 404], target).toContain(answers[0]?.status)
    }
    expect(below.upstream.requests).toEqual([])
    await rawExchange(below.port, below.request('GET /tool/x', ['Connection: close']))
    expect(below.upstream.requests.map((one) => one.url)).toEqual(['/tool/x'])
  })

  it('CVE-2026-120213: what is escaped stays escaped on its way, also where a parameter of ours is taken out', () => {
    expect(withoutParameter('?a=%2F&_holdfast_tab=x&b=%26c', '_holdfast_tab')).toBe('?a=%2F&b=%26c')
    expect(withoutParameter('?_holdfast_tab=x', '_holdfast_tab')).toBe('')
    expect(withoutParameter('?_holdfast_tab', '_holdfast_tab')).toBe('')
    expect(withoutParameter('?x_holdfast_tab=1', '_holdfast_tab')).toBe('?x_holdfast_tab=1')
    expect(withoutParameter('?%5Fholdfast_tab=x&a=1', '_holdfast_tab')).toBe('?a=1')
  })

  it('CVE-2026-16158, CVE-2026-33496, CVE-2021-32701: an answer for one person or path never serves another', async () => {
    const cookies = [
      ['anna', await gateway.sessionOf(anna)],
      ['ben', bens],
    ] as const
    const order = Array.from({ length: 60 }, (_, i) => ({
      who: cookies[i % 2] ?? cookies[0],
      path: ['/admin/x', '/y', '/admin/x?y'][i % 3] ?? '',
    }))
    const statuses = await Promise.all(
      order.map(async ({ who: [, cookie], path }) => {
        const bytes = gateway.request(`GET ${path}`, [`Cookie: ${cookie}`, 'Connection: close'])
        return (await rawExchange(port, bytes, 2_000)).answers[0]?.status
      }),
    )
    expect(statuses).toEqual(
      order.map(({ who: [name], path }) => (name === 'ben' && path.startsWith('/admin') ? 403 : 200)),
    )
  })

  it('CVE-2021-21411: every rule refuses whoever lacks what it asks for', () => {
    const diver = { ...ben, claims: { roles: ['diver'] } }
    const table = [
      ['/public/x', null, 'pass'],
      ['/x', null, 'sign-in'],
      ['/x', ben, 'pass'],
      ['/admin/x', null, 'sign-in'],
      ['/admin/x', ben, 'forbidden'],
      ['/admin/x', diver, 'forbidden'],
      ['/admin/x', { ...ben, claims: { roles: 'admin' } }, 'forbidden'],
      ['/admin/x', { ...ben, claims: { roles: ['administrator', 'Admin', 'admin '] } }, 'forbidden'],
      ['/admin/x', { ...ben, claims: { groups: ['admin'] } }, 'forbidden'],
      ['/admin/x', anna, 'pass'],
      ['/adminx', ben, 'pass'],
    ] as const
    expect(table.map(([path, who]) => decide(path, visitor(who), rules, 'signed-in'))).toEqual(
      table.map((row) => row[2]),
    )
    // An empty list of roles, or `anyone` beside roles, opens nothing.
    expect(decide('/x', null, [{ path: '/x', roles: [] }], 'signed-in')).toBe('sign-in')
    expect(decide('/x', null, [{ path: '/x', roles: ['admin'], access: 'anyone' }], 'anyone')).toBe('sign-in')
  })

  it('CVE-2026-25748: no cookie, however broken, lets a request through', async () => {
    const [name = '', value = ''] = bens.split('=')
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.string({ maxLength: 200 }).map((text) => `${name}=${text}`),
          fc.integer({ min: 0, max: value.length - 1 }).map((at) => `${name}=${value.slice(0, at)}`),
          fc
            .integer({ min: 0, max: value.length - 1 })
            .map(
              (at) => `${name}=${value.slice(0, at)}${value[at] === 'A' ? 'B' : 'A'}${value.slice(at + 1)}`,
            ),
          fc.string({ maxLength: 300 }),
        ),
        async (cookie) => {
          const line = `Cookie: ${cookie.replace(/[^\x20-\x7e\x80-\xff]/g, '')}`
          expect(await send('/secret', [line])).toEqual([401, 0])
        },
      ),
      { numRuns: 150 },
    )
  })

  it("the Next.js middleware bypass: no header of a framework's own passes us, or reaches the app", async () => {
    const lines = [
      'X-Middleware-Subrequest: src/middleware:middleware',
      'Holdfast-Session: x',
      'Holdfast-Internal: 1',
      'holdfast_session: x',
    ]
    expect(await send('/secret', lines)).toEqual([401, 0])
    await send('/x', [...lines, `Cookie: ${bens}`])
    const { rawHeaders = [] } = upstream.requests[0] ?? {}
    const names = rawHeaders.filter((_item, at) => at % 2 === 0)
    // Our own, and it alone: none of theirs, by its name or by its value.
    expect(names.filter((one) => /middleware|holdfast/i.test(one))).toEqual(['holdfast-session'])
    expect(rawHeaders).not.toContain('x')
  })
})
