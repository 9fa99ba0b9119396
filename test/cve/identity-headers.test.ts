/** Headers that say who someone is: only ours reach the app, in whatever spelling and by whatever trick others are sent. */
import { describe, expect, it } from 'vitest'
import { startHarness } from '../gateway/harness.ts'
import { anna } from '../gateway/people.ts'
import { startPythonApp, withoutPython } from '../gateway/python.ts'
import { rawExchange } from '../gateway/raw-client.ts'
import type { SeenRequest } from '../gateway/recording-upstream.ts'
import {
  annas,
  bens,
  folded,
  gateway,
  hostileLines,
  port,
  seenWith,
  spellings,
  upstream,
} from './identity-stage.ts'

/** Sent in batches, each small enough for the limit on how many headers a request may have. */
async function eachBatch(
  lines: readonly string[],
  look: (seen: SeenRequest) => void,
  cookie = annas,
): Promise<void> {
  for (let at = 0; at < lines.length; at += 150) look(await seenWith(lines.slice(at, at + 150), cookie))
}

describe('identity headers', () => {
  it('CVE-2025-64484: no spelling of an identity header of the client reaches the app', async () => {
    await eachBatch(hostileLines, (seen) => {
      expect(seen.rawHeaders.filter((value) => value.includes('evil'))).toEqual([])
      expect(folded(seen).get('X_FORWARDED_USER')).toEqual(['anna'])
      expect(folded(seen).get('X_FORWARDED_GROUPS')).toEqual(['admin,diver'])
    })
  })

  it('CVE-2025-64484: one sent twice, with blanks, or beside ours counts no more', async () => {
    const seen = await seenWith([
      'X-Forwarded-User: evil',
      'X-Forwarded-User: evil2',
      'x_forwarded_user:evil3',
      'X-Forwarded-User:  \t evil4  ',
    ])
    expect(seen.values('x-forwarded-user')).toEqual(['anna'])
    expect(seen.rawHeaders.join()).not.toContain('evil')
  })

  it('CVE-2025-64484: a name with a blank before the colon is refused before anything reads it', async () => {
    upstream.forget()
    const { answers } = await rawExchange(
      port,
      gateway.request('GET /', ['X-Forwarded-User : evil', `Cookie: ${annas}`]),
    )
    expect(answers.map((one) => one.status)).toEqual([400])
    expect(upstream.requests).toEqual([])
  })

  it('CVE-2026-54763: nor do they decide who someone is to us', async () => {
    for (const line of hostileLines.filter((one) => /user/i.test(one)).slice(0, 150)) {
      upstream.forget()
      const { answers } = await rawExchange(port, gateway.request('GET /', [line, 'Connection: close']))
      expect([answers[0]?.status, upstream.requests.length], line).toEqual([401, 0])
    }
  })

  it.skipIf(withoutPython)('CVE-2026-3902: a real WSGI server sees exactly ours', async () => {
    const wsgi = await startHarness({ upstreamUrl: await startPythonApp('echo_wsgi') })
    await expectOurs(wsgi.port, wsgi.request, await wsgi.sessionOf(anna))
  })

  it.skipIf(withoutPython)('GO-2026-5346: a real ASGI server sees exactly ours', async () => {
    const asgi = await startHarness({ upstreamUrl: await startPythonApp('echo_asgi') })
    await expectOurs(asgi.port, asgi.request, await asgi.sessionOf(anna))
  })

  it("CVE-2026-30851: where we have no e-mail and no groups the client's own do not fill in", async () => {
    await eachBatch(
      hostileLines,
      (seen) => {
        expect(folded(seen).get('X_FORWARDED_USER')).toEqual(['ben'])
        expect([folded(seen).has('X_FORWARDED_EMAIL'), folded(seen).has('X_FORWARDED_GROUPS')]).toEqual([
          false,
          false,
        ])
      },
      bens,
    )
  })

  it('CVE-2026-30851: a request of nobody carries no identity at all', async () => {
    const open = await startHarness({ access: 'anyone' })
    await rawExchange(open.port, open.request('GET /', [...hostileLines.slice(0, 150), 'Connection: close']))
    const names = [...folded(open.upstream.requests[0] as SeenRequest).keys()]
    expect(names.filter((name) => /USER|EMAIL|GROUPS/.test(name))).toEqual([])
  })

  it('CVE-2026-63439: no header signs anybody in, whoever the peer is', async () => {
    const trusting = await startHarness({ trustProxy: ['127.0.0.0/8'] })
    const lines = hostileLines.filter((one) => /user|email/i.test(one)).slice(0, 150)
    const { answers } = await rawExchange(
      trusting.port,
      trusting.request('GET /', [...lines, 'Connection: close']),
    )
    expect([answers[0]?.status, trusting.upstream.requests.length]).toEqual([401, 0])
  })

  it('X-Streamlit-User is removed from requests and from upgrades', async () => {
    const lines = spellings('X-Streamlit-User').map((name) => `${name}: evil`)
    expect((await seenWith(lines)).rawHeaders.join()).not.toContain('evil')
    upstream.forget()
    const upgrade = [
      `Origin: ${gateway.origin}`,
      `Cookie: ${annas}; _streamlit_user=kept-here`,
      'Upgrade: websocket',
      'Connection: Upgrade, X-Forwarded-User',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      ...hostileLines.slice(0, 150),
      ...lines,
    ]
    const { answers } = await rawExchange(port, gateway.request('GET /ws', upgrade))
    expect(answers[0]?.status).toBe(101)
    const seen = upstream.upgrades[0] as SeenRequest
    expect(seen.rawHeaders.join()).not.toContain('evil')
    expect(seen.values('x-forwarded-user')).toEqual(['anna'])
  })

  it('a cookie that names a Streamlit user is only ever ours', async () => {
    const streamlit = await startHarness({ preset: 'streamlit' })
    const planted = '_streamlit_user=evil; _streamlit_user__1=evil; _streamlit_user_tokens=evil; a=1'
    const cookie = `Cookie: ${await streamlit.sessionOf(anna)}; ${planted}`
    const lines = [`Origin: ${streamlit.origin}`, cookie, 'Upgrade: websocket', 'Connection: Upgrade']
    await rawExchange(streamlit.port, streamlit.request('GET /_stcore/stream', lines))
    const [seen] = streamlit.upstream.upgrades[0]?.values('cookie') ?? []
    expect(seen).toMatch(/^a=1; _streamlit_user=[\w-]+\.[\w-]+\.[\w-]+$/)
    await rawExchange(streamlit.port, streamlit.request('GET /', [cookie, 'Connection: close']))
    expect(streamlit.upstream.requests[0]?.values('cookie')).toEqual(['a=1'])
  })
})

async function expectOurs(
  to: number,
  request: (line: string, lines: readonly string[]) => string,
  cookie: string,
): Promise<void> {
  for (let at = 0; at < hostileLines.length; at += 80) {
    const lines = [...hostileLines.slice(at, at + 80), `Cookie: ${cookie}`, 'Connection: close']
    const { answers } = await rawExchange(to, request('GET /seen', lines), 20_000)
    const { seen } = JSON.parse(answers[0]?.body ?? '{}') as { seen: Record<string, string> }
    expect(Object.values(seen).filter((value) => value.includes('evil'))).toEqual([])
    expect(seen.HTTP_X_FORWARDED_USER).toBe('anna')
    expect(seen.HTTP_X_FORWARDED_EMAIL).toBe('anna@example.org')
    expect(seen.HTTP_X_FORWARDED_GROUPS).toBe('admin,diver')
  }
}
