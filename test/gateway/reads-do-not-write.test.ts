/** What nobody did leaves nothing behind; and a cookie we did not write changes nothing for anybody. */
import { Agent, request } from 'node:http'
import { describe, expect, it } from 'vitest'
import { startHarness } from './harness.ts'
import { fetchFrom } from './loopback.ts'
import { ben } from './people.ts'
import { rawExchange } from './raw-client.ts'
import { upgradeRequest } from './socket-client.ts'

/** One request over a shared, kept-alive connection: status and Set-Cookie lines. */
function quick(
  agent: Agent,
  port: number,
  host: string,
  path: string,
  agentName: string,
): Promise<[number, number]> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { host: '127.0.0.1', port, path, agent, headers: { host, 'user-agent': agentName } },
      (answer) => {
        answer.resume()
        answer.on('end', () => resolve([answer.statusCode ?? 0, (answer.headers['set-cookie'] ?? []).length]))
      },
    )
    outgoing.on('error', reject)
    outgoing.end()
  })
}

describe("requests that are nobody's doing", () => {
  it('leaves nothing behind after ten thousand health checks and bots: no session, no cookie, no write, no connection', async () => {
    for (const access of ['signed-in', 'anyone'] as const) {
      const to = await startHarness({ preset: 'streamlit', access })
      const agent = new Agent({ keepAlive: true, maxSockets: 20 })
      const paths = [
        '/',
        '/_stcore/health',
        '/_holdfast/live',
        '/_holdfast/ready',
        '/robots.txt',
        '/wp-login.php',
        '/static/app.js',
        '/_holdfast/session',
        '/_holdfast/client.js',
        '/favicon.ico',
      ]
      to.store.calls.clear()
      const cookies: number[] = []
      const one = async (i: number): Promise<void> => {
        const [, count] = await quick(
          agent,
          to.port,
          to.host,
          paths[i % paths.length] ?? '/',
          `kube-probe/${i}`,
        )
        if (count > 0) cookies.push(i)
      }
      for (let at = 0; at < 5_000; at += 100)
        await Promise.all(Array.from({ length: 100 }, (_, i) => one(at + i)))
      expect([cookies, to.store.writes(), to.sockets.size]).toEqual([[], 0, 0])
      const rows: unknown[] = []
      for await (const row of to.store.store.scan()) rows.push(row)
      expect(rows).toEqual([])
      agent.destroy()
      await to.close()
    }
  }, 60_000)

  it('a browser that is only shown a page is given nothing until its page runs, and no record even then', async () => {
    const to = await startHarness({ access: 'anyone' })
    const headers = {
      host: to.host,
      accept: 'text/html',
      'sec-fetch-dest': 'document',
      'sec-fetch-mode': 'navigate',
    }
    to.store.calls.clear()
    expect((await fetchFrom(to.port, '/', { headers })).setCookie).toEqual([])
    const begun = await fetchFrom(to.port, '/_holdfast/begin', {
      method: 'POST',
      headers: { host: to.host, origin: to.origin, 'content-length': '0' },
    })
    expect([begun.status, begun.setCookie.length, to.store.writes()]).toEqual([204, 1, 0])
  })
})

describe('cookies that are not ours', () => {
  it('garbage, oversize, doubled, wrong-case, forged and foreign cookies are nobody, and disturb nobody', async () => {
    const to = await startHarness()
    const [foreign, owner] = [await startHarness(), await to.sessionOf(ben)]
    const [name = '', credential = ''] = owner.split('=')
    const [v = '', kid = '', token = '', mac = ''] = credential.split('.')
    const flipped = (text: string): string => `${text.startsWith('A') ? 'B' : 'A'}${text.slice(1)}`
    const values = [
      ...[
        '',
        '=',
        '"',
        '""',
        '.',
        '...',
        'null',
        'undefined',
        '%00',
        '{}',
        'v1',
        'v1...',
        '../../etc/passwd',
        "' OR 1=1 --",
        '\u00ff\u00fe',
      ],
      ...['x'.repeat(5_000), `${credential}${'x'.repeat(5_000)}`, `v1.${kid}.${'A'.repeat(5_000)}.${mac}`],
      ...[
        `${v}.${kid}.${token}.${flipped(mac)}`,
        `${v}.${kid}.${flipped(token)}.${mac}`,
        `${v}.${flipped(kid)}.${token}.${mac}`,
      ],
      ...[
        credential.toUpperCase(),
        credential.toLowerCase(),
        credential.slice(0, -1),
        `${credential}=`,
        `"${credential}"`,
        ` ${credential} x`,
      ],
      (await foreign.sessionOf(ben)).split('=')[1] ?? '',
    ]
    const cookies = [
      ...values.map((value) => `${name}=${value}`),
      `${owner}; ${name}=x`,
      `${name}=x; ${owner}`,
      `${name.toUpperCase()}=${credential}`,
    ]
    to.upstream.forget()
    to.store.calls.clear()
    for (const cookie of cookies) {
      for (const path of ['/', '/_holdfast/session']) {
        const { answers } = await rawExchange(
          to.port,
          to.request(`GET ${path}`, [`Cookie: ${cookie}`, 'Connection: close']),
          1_000,
        )
        expect([answers[0]?.status, answers[0]?.headers.has('set-cookie')], cookie.slice(0, 80)).toEqual([
          401,
          false,
        ])
      }
      const { answers } = await rawExchange(to.port, upgradeRequest(to, { cookie }), 1_000)
      expect([answers[0]?.status, answers[0]?.headers.has('set-cookie')], cookie.slice(0, 80)).toEqual([
        401,
        false,
      ])
    }
    // No MAC of ours, no question to the store.
    expect([[...to.store.calls], to.upstream.requests.length, to.upstream.upgrades.length]).toEqual([
      [],
      0,
      0,
    ])
    expect((await fetchFrom(to.port, '/', { headers: { host: to.host, cookie: owner } })).status).toBe(200)
  })

  it('only our own sign-in page takes a cookie away that names no session, and says why', async () => {
    const to = await startHarness()
    const cookie = await to.sessionOf(ben)
    await to.sessions.revokeUser(ben)
    const away = await fetchFrom(to.port, '/x', { headers: { host: to.host, cookie, accept: 'text/html' } })
    expect([away.status, away.setCookie, away.headers.location]).toEqual([
      303,
      [],
      '/_holdfast/sign-in?return_to=%2Fx&reason=expired',
    ])
    const page = await fetchFrom(to.port, String(away.headers.location), {
      headers: { host: to.host, cookie },
    })
    expect(page.setCookie.filter((line) => line.startsWith(`${to.cookieName}=;`)).length).toBe(1)
  })

  it('a store that is away signs nobody out, lets nobody in, and takes no cookie', async () => {
    const to = await startHarness()
    const cookie = await to.signIn('ben')
    to.store.away = true
    for (const path of ['/', '/_holdfast/session', '/_holdfast/sign-in', '/_holdfast/sign-out']) {
      for (const accept of ['text/html', 'application/json']) {
        const answer = await fetchFrom(to.port, path, { headers: { host: to.host, cookie, accept } })
        expect([answer.status, answer.setCookie, answer.headers['retry-after'] !== undefined], path).toEqual([
          503,
          [],
          true,
        ])
      }
    }
    expect((await rawExchange(to.port, upgradeRequest(to, { cookie }))).answers[0]?.status).toBe(503)
    expect(to.upstream.requests.length).toBe(0)
    to.store.away = false
    expect((await fetchFrom(to.port, '/', { headers: { host: to.host, cookie } })).status).toBe(200)
  })

  it('a sign-out that the store cannot confirm is not acknowledged, and the cookie stays', async () => {
    const to = await startHarness()
    const cookie = await to.signIn('ben')
    await fetchFrom(to.port, '/', { headers: { host: to.host, cookie } })
    to.store.before = async (method) => {
      if (method === 'end') to.store.away = true
    }
    const out = await fetchFrom(to.port, '/_holdfast/sign-out', {
      method: 'POST',
      headers: { host: to.host, origin: to.origin, cookie, 'content-length': '0' },
    })
    expect([out.status, out.setCookie]).toEqual([503, []])
    to.store.before = null
    to.store.away = false
    expect((await fetchFrom(to.port, '/', { headers: { host: to.host, cookie } })).status).toBe(200)
  })
})
