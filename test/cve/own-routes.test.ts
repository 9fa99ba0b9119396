/** Our own routes: what they take, what they show, and what is not there. */
import { describe, expect, it } from 'vitest'
import { startHarness } from '../gateway/harness.ts'
import { fetchFrom } from '../gateway/loopback.ts'
import { rawExchange } from '../gateway/raw-client.ts'
import { recordingUpstream } from '../gateway/recording-upstream.ts'
import { signInForm } from '../gateway/sign-in-form.ts'
import { form } from './browser-steps.ts'

const gateway = await startHarness()

describe('sessions and cookies', () => {
  it('CVE-2025-3891: empty, huge, cut and chunked bodies are answered on every route of ours', async () => {
    const { token, cookie } = await signInForm(gateway)
    const huge = 'x'.repeat(200_000)
    const bodies = [
      '',
      '=',
      '&&&&',
      '%',
      '%zz=%zz',
      '\0',
      'form_token',
      `form_token=${token}`,
      `username=${huge}`,
      '__proto__=1&constructor=2',
      `${'a=b&'.repeat(3_000)}`,
    ]
    const routes = ['sign-in', 'sign-out', 'session', 'begin']
    const sends = routes.flatMap((route) =>
      bodies.flatMap((body) => [lengthBody(body), chunkedBody(body)].map((sent) => ({ route, ...sent }))),
    )
    for (const { route, framing, payload } of sends) {
      const lines = [
        `Origin: ${gateway.origin}`,
        `Cookie: ${cookie}`,
        `Content-Type: ${form}`,
        framing,
        'Connection: close',
      ]
      const { answers } = await rawExchange(
        gateway.port,
        gateway.request(`POST /_holdfast/${route}`, lines) + payload,
        2_000,
      )
      expect(answers[0]?.status, `${route} ${payload.slice(0, 20)}`).toSatisfy(
        (status: number) => status >= 200 && status < 500,
      )
    }
    expect(gateway.log.filter((entry) => entry.level === 'error')).toEqual([])
  })

  it('a protected page is never in an answer to somebody who is not signed in', async () => {
    const secret = 'the tide table of the harbour master'
    const upstream = await recordingUpstream({ app: (_request, response) => response.end(secret) })
    const to = await startHarness({ upstream })
    for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
      for (const accept of ['text/html', '*/*', 'application/json', 'image/png']) {
        const answer = await fetchFrom(to.port, '/tide', { method, headers: { host: to.host, accept } })
        expect([401, 303], `${method} ${accept}`).toContain(answer.status)
        expect(answer.body).not.toContain('tide table')
      }
    }
    expect(upstream.requests).toEqual([])
  })

  it('CVE-2017-6059: what a request says is escaped wherever it is shown', async () => {
    const probe = '"><script>alert(1)</script>'
    const headers = {
      host: gateway.host,
      accept: 'text/html',
      'accept-language': probe,
      'user-agent': probe,
      referer: probe,
    }
    const { token, cookie } = await signInForm(gateway)
    const shown = await fetchFrom(gateway.port, '/_holdfast/sign-in', {
      method: 'POST',
      headers: { ...headers, origin: gateway.origin, cookie, 'content-type': form },
      body: new URLSearchParams({
        username: probe,
        password: probe,
        form_token: token,
        return_to: probe,
      }).toString(),
    })
    const missing = await fetchFrom(
      gateway.port,
      `/_holdfast/${encodeURIComponent('<script>')}?x="><script>`.replace('"><', '%22%3E%3C'),
      { headers },
    )
    for (const answer of [shown, missing]) expect(answer.body).not.toContain('<script>alert')
    expect(shown.status).toBe(401)
  })

  it('CVE-2022-24797: the public port has no debug, metrics or profile page of ours', async () => {
    const to = await startHarness({ access: 'anyone' })
    for (const name of [
      'metrics',
      'debug',
      'debug/pprof',
      'admin',
      'admin/sessions',
      'health',
      'status',
      'config',
      'state',
      'auth',
      '',
      '.',
      'sign-in/',
      'SIGN-IN',
      'live/x',
    ]) {
      const answer = await fetchFrom(to.port, `/_holdfast/${name}`, { headers: { host: to.host } })
      expect([400, 404], name).toContain(answer.status)
    }
    expect(to.upstream.requests).toEqual([])
  })
})

function lengthBody(body: string): { framing: string; payload: string } {
  return { framing: `Content-Length: ${body.length}`, payload: body }
}

function chunkedBody(body: string): { framing: string; payload: string } {
  const chunk = body === '' ? '' : `${body.length.toString(16)}\r\n${body}\r\n`
  return { framing: 'Transfer-Encoding: chunked', payload: `${chunk}0\r\n\r\n` }
}
