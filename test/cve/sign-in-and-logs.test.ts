/** Guessing, reflected text, and what gets into logs. */
import { describe, expect, it } from 'vitest'
import { bounded } from '../../src/gateway/log.ts'
import { type Harness, startHarness } from '../gateway/harness.ts'
import { fetchFrom } from '../gateway/loopback.ts'
import { anna, ben, password } from '../gateway/people.ts'
import { rawExchange } from '../gateway/raw-client.ts'
import { recordingUpstream } from '../gateway/recording-upstream.ts'
import { signInForm } from '../gateway/sign-in-form.ts'
import { openSocket, upgradeRequest } from '../gateway/socket-client.ts'

const probe = `"'><script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}\${7*7}`

async function attempt(
  to: Harness,
  username: string,
  secret: string,
): Promise<Awaited<ReturnType<typeof fetchFrom>>> {
  const { token, cookie } = await signInForm(to)
  return fetchFrom(to.port, '/_holdfast/sign-in', {
    method: 'POST',
    headers: {
      ...{ host: to.host, origin: to.origin, cookie, accept: 'text/html' },
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: new URLSearchParams({ username, password: secret, form_token: token, return_to: probe }).toString(),
  })
}

describe('guessing', () => {
  it('spellings of one name share one budget of guesses', async () => {
    const to = await startHarness()
    const spellings = ['anna', 'Anna', 'ANNA', ' anna', 'anna ', '\tanna', 'aNNa', 'AnNa', 'annA', 'anNa']
    const statuses: number[] = []
    for (const one of [...spellings, 'anna', 'Anna']) statuses.push((await attempt(to, one, 'wrong')).status)
    expect(statuses).toEqual([...spellings.map(() => 401), 429, 429])
    // Somebody else at the same address is not locked out.
    expect((await attempt(to, 'ben', password)).status).toBe(303)
  })

  it('unknown, disabled and known names are answered alike, byte for byte', async () => {
    const to = await startHarness()
    await to.users.setDisabled('ben', true)
    const answers: string[] = []
    for (const name of ['anna', 'ben', 'nobody']) {
      const { status, body, headers } = await attempt(to, name, 'wrong')
      const plain = body
        .replaceAll(name, '·')
        .replace(/nonce[-=]"?[\w-]+/g, '·')
        .replace(/name="form_token" value="[^"]+"/, '·')
      answers.push(JSON.stringify([status, Object.keys(headers).sort(), plain]))
    }
    expect(new Set(answers).size).toBe(1)
  })
})

describe('reflected text', () => {
  it('CVE-2024-21496: nothing a request says becomes markup, and no page of ours may run a script', async () => {
    const to = await startHarness()
    const cookie = await to.sessionOf({
      userId: probe,
      authenticator: 'test',
      claims: { name: probe, email: probe },
    })
    const encoded = encodeURIComponent(probe)
    const pages = [
      await attempt(to, probe.slice(0, 100), probe),
      await fetchFrom(to.port, `/_holdfast/sign-in?return_to=${encoded}&reason=${encoded}`, {
        headers: { host: to.host, accept: 'text/html' },
      }),
      await fetchFrom(to.port, '/_holdfast/sign-out', {
        headers: { host: to.host, cookie, accept: 'text/html' },
      }),
      await fetchFrom(to.port, `/_holdfast/x?${encoded}`, {
        headers: { host: to.host, cookie, accept: 'text/html' },
      }),
      await fetchFrom(to.port, '/x', { method: 'PROPFIND', headers: { host: to.host, accept: 'text/html' } }),
      await fetchFrom(to.port, '/x', {
        headers: { host: `${encoded}.example`, accept: 'text/html', 'accept-language': probe },
      }),
    ]
    for (const { body, headers, status } of pages) {
      expect(body, `${status}`).not.toMatch(/<script|<img/i)
      const policy = String(headers['content-security-policy'])
      expect(policy).toContain("default-src 'none'")
      expect(policy).toContain("frame-ancestors 'none'")
      expect(policy).not.toMatch(/unsafe|script-src/)
      expect(headers['x-content-type-options']).toBe('nosniff')
    }
    const info = await fetchFrom(to.port, '/_holdfast/session', {
      headers: { host: to.host, cookie, accept: 'text/html' },
    })
    expect([info.headers['content-type'], info.headers['x-content-type-options']]).toEqual([
      'application/json; charset=utf-8',
      'nosniff',
    ])
  })

  it("CVE-2024-21496: what the snippet in the app's page holds cannot leave its attribute", async () => {
    const upstream = await recordingUpstream({
      app: (_request, response) =>
        response.setHeader('content-type', 'text/html').end('<html><head></head><body></body></html>'),
    })
    const to = await startHarness({ upstream, publicUrl: 'https://apps.example.org/tool' })
    const cookie = await to.sessionOf({ userId: probe, authenticator: 'test', claims: { name: probe } })
    const { body } = await fetchFrom(to.port, '/tool/x', {
      headers: { host: to.host, cookie, accept: 'text/html', 'sec-fetch-dest': 'document' },
    })
    const [, attribute = ''] = /data-holdfast='([^']*)'/.exec(body) ?? []
    expect(Object.keys(JSON.parse(attribute) as object)).toContain('signedIn')
    expect(body.match(/<script/g)?.length).toBe(1)
    expect(body).not.toContain('onerror')
  })
})

describe('logs and events', () => {
  it('CVE-2026-54338: what a client writes never decides how long a line is', async () => {
    const long = 'x'.repeat(50_000)
    const kept = bounded({ user: long, short: 'y', count: 1 })
    expect([String(kept.user).length, kept.short, kept.count]).toEqual([257, 'y', 1])
    const to = await startHarness()
    await rawExchange(
      to.port,
      upgradeRequest(to, { origin: `http://${long}`, path: `/${'p'.repeat(10_000)}` }),
    )
    await attempt(to, 'y'.repeat(5_000), long.slice(0, 5_000))
    await attempt(to, 'y'.repeat(200), 'wrong')
    const lines = [...to.events, ...to.log].map((one) => JSON.stringify(one).length)
    expect(lines.length).toBeGreaterThan(0)
    expect(Math.max(...lines)).toBeLessThan(1_500)
  })

  it('PYSEC-2022-179, CVE-2022-24757: no cookie, token, password or query is in any log line or event', async () => {
    const to = await startHarness()
    const session = await to.signIn('anna')
    const secrets = [
      session.split('=')[1] ?? '',
      ...(session.split('=')[1] ?? '').split('.').filter((one) => one.length > 10),
    ]
    const guess = 'a-wrong-password-somebody-typed'
    await attempt(to, 'anna', guess)
    const { token, cookie } = await signInForm(to)
    const socket = await openSocket(to, { cookie: session, path: '/ws?secret=in-the-query' })
    await rawExchange(
      to.port,
      upgradeRequest(to, { cookie: session, origin: 'http://evil.example', path: '/ws?secret=in-the-query' }),
    )
    await rawExchange(
      to.port,
      to.request('GET /x?secret=in-the-query', [
        `Cookie: ${session}; ${session}x`,
        'Authorization: Bearer in-the-header',
      ]),
    )
    await to.upstream.close()
    for (const headers of [{ cookie: session }, { cookie: session, authorization: 'Bearer in-the-header' }]) {
      await fetchFrom(to.port, '/x?secret=in-the-query', { headers: { host: to.host, ...headers } })
    }
    await rawExchange(to.port, upgradeRequest(to, { cookie: session, path: '/ws?secret=in-the-query' }))
    to.store.away = true
    await fetchFrom(to.port, '/x?secret=in-the-query', { headers: { host: to.host, cookie: session } })
    await rawExchange(to.port, upgradeRequest(to, { cookie: session }))
    socket.socket.destroy()
    const told = JSON.stringify([to.log, to.events])
    expect(told).toContain('upstream_failed')
    expect(told).toContain('store_failed')
    const never = [
      ...secrets,
      guess,
      password,
      token,
      cookie.split('=')[1] ?? '',
      'in-the-query',
      'in-the-header',
    ]
    expect(never.filter((one) => told.includes(one))).toEqual([])
  })

  it('PYSEC-2022-179: nor in what the app is sent', async () => {
    const to = await startHarness()
    const cookies = [await to.sessionOf(anna), await to.sessionOf(ben)]
    for (const cookie of cookies) {
      await rawExchange(to.port, to.request('GET /', [`Cookie: x=1; ${cookie}; y=2`, 'Connection: close']))
      await rawExchange(to.port, upgradeRequest(to, { cookie: `x=1; ${cookie}` }))
    }
    const sent = Buffer.concat(to.upstream.connections.flat()).toString('latin1')
    expect(cookies.filter((cookie) => sent.includes(cookie.split('=')[1] ?? '?'))).toEqual([])
    expect(sent).toContain('cookie: x=1; y=2')
  })
})
