/** The Connection header: what either side names in it takes nothing away from the other. */
import { describe, expect, it } from 'vitest'
import { startHarness } from '../gateway/harness.ts'
import { fetchFrom } from '../gateway/loopback.ts'
import { rawExchange } from '../gateway/raw-client.ts'
import { type RecordingUpstream, recordingUpstream } from '../gateway/recording-upstream.ts'
import { annas, gateway, ours, port, seenWith, upstream } from './identity-stage.ts'

describe('identity headers', () => {
  it('CVE-2025-48865: what the client names in Connection takes none of ours away', async () => {
    const names = [...ours, 'Cookie', 'Host', 'X-Kept'].join(', ')
    const seen = await seenWith([`Connection: ${names}`, 'X-Kept: dropped', 'X-Other: kept'])
    expect(ours.map((name) => seen.values(name.toLowerCase()).length)).toEqual(ours.map(() => 1))
    expect(seen.values('x-forwarded-user')).toEqual(['anna'])
    expect(seen.values('host')).toEqual([gateway.host])
    expect([seen.values('x-kept'), seen.values('x-other')]).toEqual([[], ['kept']])
  })

  it('CVE-2022-31813, CVE-2024-45410: nor by several Connection lines, cases and blanks', async () => {
    const seen = await seenWith(
      ours.map((name, i) => `${i % 2 ? 'CONNECTION' : 'connection'}: close ,\t${name.toUpperCase()} `),
    )
    expect(ours.map((name) => seen.values(name.toLowerCase()).length)).toEqual(ours.map(() => 1))
    expect(seen.values('connection')).toEqual(['keep-alive'])
  })

  it('CVE-2026-33805: a body nominated away keeps its length', async () => {
    upstream.forget()
    const lines = [
      'Connection: close, Content-Length, Transfer-Encoding',
      'Content-Length: 5',
      `Cookie: ${annas}`,
    ]
    const { answers } = await rawExchange(port, `${gateway.request('POST /', lines)}hello`)
    expect(answers[0]?.status).toBe(200)
    expect(upstream.requests.map((one) => [one.method, one.body])).toEqual([['POST', 'hello']])
  })

  it('GHSA-79qm: what the app names in Connection takes nothing from the answer either', async () => {
    const naming = await startHarness({ access: 'anyone', upstream: await namingUpstream() })
    const answer = await fetchFrom(naming.port, '/', { headers: { host: naming.host } })
    expect(answer.headers['x-frame-options']).toBe('DENY')
    expect(answer.setCookie).toEqual(['theirs=1'])
    expect(answer.headers.connection).not.toContain('X-Frame-Options')
    expect([answer.headers['keep-alive'], answer.headers['proxy-authenticate']]).toEqual([
      undefined,
      undefined,
    ])
  })

  it('GHSA-w9mr-28mw-j8hg: hop-by-hop headers end here', async () => {
    const names = [
      'Keep-Alive',
      'Proxy-Connection',
      'Proxy-Authorization',
      'Proxy-Authenticate',
      'TE',
      'Trailer',
      'HTTP2-Settings',
    ]
    const seen = await seenWith(names.map((name) => `${name}: x`))
    expect(names.filter((name) => seen.values(name.toLowerCase()).length > 0)).toEqual([])
  })
})

function namingUpstream(): Promise<RecordingUpstream> {
  return recordingUpstream({
    app(_request, response) {
      response.writeHead(200, {
        connection: 'close, X-Frame-Options, Set-Cookie',
        'x-frame-options': 'DENY',
        'set-cookie': 'theirs=1',
        'keep-alive': 'timeout=99',
        'proxy-authenticate': 'Basic',
      })
      response.end('ok')
    },
  })
}
