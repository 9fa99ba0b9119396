import { describe, expect, it } from 'vitest'
import { type Harness, startHarness } from './harness.ts'
import { fetchFrom } from './loopback.ts'
import { recordingUpstream } from './recording-upstream.ts'

const script = {
  'service-worker': 'script',
  'sec-fetch-dest': 'serviceworker',
  'sec-fetch-mode': 'same-origin',
}

/** An app that lets its workers reach as far as the address of their script says. */
async function startStage(publicUrl?: string): Promise<Harness> {
  const upstream = await recordingUpstream({
    app(request, response) {
      const { pathname, searchParams } = new URL(request.url ?? '', 'http://app')
      const wanted = searchParams.getAll('allow')
      if (wanted.length > 0) response.setHeader('service-worker-allowed', wanted)
      const vary = searchParams.get('vary')
      if (vary !== null) response.setHeader('vary', vary)
      response.setHeader('content-type', pathname.endsWith('.js') ? 'application/javascript' : 'text/css')
      response.end('the worker of the app')
    },
  })
  return startHarness({ upstream, access: 'anyone', ...(publicUrl === undefined ? {} : { publicUrl }) })
}

const get = (to: Harness, path: string, headers: Record<string, string> = script) =>
  fetchFrom(to.port, path, { headers: { host: to.host, ...headers } })

describe('security: a service worker of the app', () => {
  it.each([
    [undefined, ['/sw.js', '/_holdfast/client.js', '/_holdfast/oidc/x.js', '/sw.js?v=1']],
    ['https://kelp.example.org/tool', ['/tool/sw.js', '/tool/_holdfast/client.js']],
  ])(
    'that would reach our pages is not handed out (public URL %s): one that leaves is, with its place',
    async (url, paths) => {
      const to = await startStage(url)
      for (const path of paths) {
        const answer = await get(to, path)
        expect(answer).toMatchObject({
          status: 200,
          headers: { 'content-type': 'text/javascript; charset=utf-8' },
        })
        expect(answer.body).toContain('registration.unregister()')
        expect(answer.body).not.toContain('fetch')
        expect(answer.headers['service-worker-allowed']).toBeUndefined()
        expect(answer.setCookie).toEqual([])
      }
      expect(to.upstream.requests).toEqual([])
      const told = to.log.filter(({ event }) => event === 'service_worker_replaced')
      // Browsers ask with every page; it is said once.
      await get(to, paths[0] ?? '')
      expect(to.log.filter(({ event }) => event === 'service_worker_replaced')).toEqual(told)
    },
  )

  it('of a part of the app is the app’s, and a script that is no worker too', async () => {
    const to = await startStage()
    for (const path of ['/static/sw.js', '/_hold/sw.js', '/%5Fholdfast/sw.js', '/a/_holdfast/sw.js'])
      expect((await get(to, path)).body).toBe('the worker of the app')
    expect((await get(to, '/sw.js', { 'sec-fetch-dest': 'script' })).body).toBe('the worker of the app')
  })

  it.each([
    '/',
    '/_',
    '/_holdfast',
    '/_holdfast/',
    '/_holdfast/sign-in',
    '..',
    '../_h',
    'http://elsewhere/',
    ' /',
    'http://',
  ])('is not allowed to reach as far as %j', async (allowed) => {
    const to = await startStage()
    const answer = await get(to, `/static/sw.js?allow=${encodeURIComponent(allowed)}`)
    expect([answer.body, answer.headers['service-worker-allowed']]).toEqual([
      'the worker of the app',
      undefined,
    ])
  })

  it('is not taken from what the browser keeps of a script that was no worker when it was asked for', async () => {
    const to = await startStage()
    const page = { 'sec-fetch-dest': 'script' }
    for (const [path, vary] of [
      ['/kept.js', 'Service-Worker'],
      ['/kept.js?vary=Accept', 'Accept, Service-Worker'],
      ['/kept.js?vary=*', '*'],
      ['/static/kept.js', undefined],
      ['/kept.css', undefined],
    ] as const)
      expect((await get(to, path, page)).headers.vary, path).toBe(vary)
  })

  it('may reach other parts of the app, where the app says so', async () => {
    const to = await startStage()
    for (const allowed of ['/static/', '/app/', '/x', './more/'])
      expect((await get(to, `/static/sw.js?allow=${allowed}`)).headers['service-worker-allowed']).toBe(
        allowed,
      )
    const twice = await get(to, '/static/sw.js?allow=/app/&allow=/')
    expect(twice.headers['service-worker-allowed']).toBeUndefined()
  })
})
