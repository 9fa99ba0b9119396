/** The rules for paths: what they matched is what the app routes, for everybody who asks. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decide } from '../../src/gateway/access.ts'
import { startHarness } from '../gateway/harness.ts'
import { anna, ben } from '../gateway/people.ts'
import { rawExchange } from '../gateway/raw-client.ts'
import { bens, gateway, port, rules, send, upstream, visitor } from './path-stage.ts'

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
