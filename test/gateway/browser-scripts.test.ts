import { describe, expect, it } from 'vitest'
import { type Harness, startHarness } from './harness.ts'
import { fetchFrom } from './loopback.ts'
import { ben } from './people.ts'
import { recordingUpstream } from './recording-upstream.ts'

async function behind(preset: 'generic' | 'streamlit'): Promise<Harness> {
  const upstream = await recordingUpstream({
    app(_request, response) {
      response.writeHead(200, { 'content-type': 'text/html' })
      response.end('<!doctype html><html><head><title>App</title></head></html>')
    },
  })
  return startHarness({
    preset,
    upstream,
    publicUrl: 'https://example.org/tool',
  })
}

/** What a path answers to somebody who is signed in. */
async function asked(to: Harness, path: string): Promise<{ status: number; body: string; type: string }> {
  const headers = { host: to.host, cookie: await to.sessionOf(ben), 'sec-fetch-dest': 'document' }
  const { status, body, headers: answered } = await fetchFrom(to.port, path, { headers })
  return { status, body, type: String(answered['content-type']) }
}

/** The scripts of a document, in order, and whether each brings the configuration. */
function scripts(document: string): string[] {
  return [
    ...document.matchAll(/<script src="([^"?]*)\?v=test" (data-holdfast)='[^']*"mark"[^']*'><\/script>/g),
  ].map(([, source, config]) => `${source} ${config}`)
}

describe('the scripts of a page', () => {
  it('are two for Streamlit, its own first: it must see the page before the other hides it', async () => {
    const to = await behind('streamlit')
    const { body } = await asked(to, '/tool/')
    expect(scripts(body)).toEqual([
      '/tool/_holdfast/streamlit.js data-holdfast',
      '/tool/_holdfast/client.js data-holdfast',
    ])
    expect(body.indexOf('<head><script')).toBeGreaterThan(0)
    expect(await asked(to, '/tool/_holdfast/streamlit.js')).toMatchObject({
      status: 200,
      body: '/* for Streamlit */',
      type: 'text/javascript; charset=utf-8',
    })
  })

  it('are one for any other app, which cannot have the second', async () => {
    const to = await behind('generic')
    expect(scripts((await asked(to, '/tool/')).body)).toEqual(['/tool/_holdfast/client.js data-holdfast'])
    expect((await asked(to, '/tool/_holdfast/streamlit.js')).status).toBe(404)
    expect(to.upstream.requests.length).toBe(1)
  })
})
