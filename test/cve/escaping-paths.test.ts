/** Paths that would climb out, and targets that cannot be read: they are refused, or have one reading. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type AccessRule, decide } from '../../src/gateway/access.ts'
import { requestTarget, withoutParameter } from '../../src/gateway/target.ts'
import { startHarness } from '../gateway/harness.ts'
import { ben } from '../gateway/people.ts'
import { startPythonApp, withoutPython } from '../gateway/python.ts'
import { rawExchange } from '../gateway/raw-client.ts'
import { bens, broken, escaping, rules, send, visitor } from './path-stage.ts'

describe('the request target', () => {
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

  it('CVE-2026-120213: what is escaped stays escaped on its way, also where a parameter of ours is taken out', () => {
    expect(withoutParameter('?a=%2F&_holdfast_tab=x&b=%26c', '_holdfast_tab')).toBe('?a=%2F&b=%26c')
    expect(withoutParameter('?_holdfast_tab=x', '_holdfast_tab')).toBe('')
    expect(withoutParameter('?_holdfast_tab', '_holdfast_tab')).toBe('')
    expect(withoutParameter('?x_holdfast_tab=1', '_holdfast_tab')).toBe('?x_holdfast_tab=1')
    expect(withoutParameter('?%5Fholdfast_tab=x&a=1', '_holdfast_tab')).toBe('?a=1')
  })
})
