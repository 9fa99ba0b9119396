/** Cookies, keys and sessions: what others lost them by. */
import { describe, expect, it } from 'vitest'
import { createSessionManager } from '../../src/core/manager.ts'
import { defaultPolicy } from '../../src/core/policy.ts'
import { tokenMint } from '../../src/core/token.ts'
import { anna, ben, fetchFrom, type Harness, signInForm, startHarness } from '../gateway/harness.ts'
import { rawExchange, rawTalk } from '../gateway/raw-client.ts'
import { recordingUpstream } from '../gateway/recording-upstream.ts'
import { watchedStore } from '../gateway/watched-store.ts'

const gateway = await startHarness()
const form = 'application/x-www-form-urlencoded'

async function statusOf(to: Harness, cookie: string, path = '/'): Promise<number> {
  return (await fetchFrom(to.port, path, { headers: { host: to.host, cookie } })).status
}

async function signOut(to: Harness, cookie: string): ReturnType<typeof fetchFrom> {
  const headers = { host: to.host, origin: to.origin, 'content-length': '0', cookie }
  return fetchFrom(to.port, '/_holdfast/sign-out', { method: 'POST', headers })
}

function upgradeLines(to: Harness, cookie: string): string[] {
  return [`Origin: ${to.origin}`, `Cookie: ${cookie}`, 'Upgrade: websocket', 'Connection: Upgrade']
}

describe('sessions and cookies', () => {
  it('CVE-2023-35941: a credential is one text: no cut of its fields yields another that counts', async () => {
    const cookie = await gateway.sessionOf(ben)
    const [name = '', credential = ''] = cookie.split('=')
    const [version = '', kid = '', token = '', mac = ''] = credential.split('.')
    const fields = [version, kid, token, mac]
    const moved: string[] = []
    for (let i = 0; i < 3; i++) {
      const [left = '', right = ''] = fields.slice(i, i + 2)
      moved.push(
        fields
          .with(i, left.slice(0, -1))
          .with(i + 1, left.slice(-1) + right)
          .join('.'),
      )
      moved.push(
        fields
          .with(i, left + right.slice(0, 1))
          .with(i + 1, right.slice(1))
          .join('.'),
      )
    }
    moved.push(
      `a1.${kid}.0.${token}.${mac}`,
      `v1.${kid}.${token}`,
      `v1.${kid}.${token}.${mac}.`,
      `v1..${kid}.${token}.${mac}`,
      `V1.${kid}.${token}.${mac}`,
    )
    for (const one of moved) expect(await statusOf(gateway, `${name}=${one}`), one).toBe(401)
    expect(await statusOf(gateway, cookie)).toBe(200)
  })

  it('CVE-2025-55162: the cookie is removed with every attribute it was set with', async () => {
    for (const publicUrl of [
      'https://apps.example.org',
      'https://apps.example.org/tool',
      'http://127.0.0.1:8080',
    ]) {
      const to = await startHarness({ publicUrl })
      const base = new URL(publicUrl).pathname.replace(/\/$/, '')
      const { token, cookie } = await signInForm(to, `${base}/_holdfast/sign-in`)
      const set = await fetchFrom(to.port, `${base}/_holdfast/sign-in`, {
        method: 'POST',
        headers: { host: to.host, origin: to.origin, cookie, 'content-type': form },
        body: new URLSearchParams({
          username: 'ben',
          password: 'kelp holds on to rock',
          form_token: token,
        }).toString(),
      })
      const given = set.setCookie.find((line) => line.startsWith(`${to.cookieName}=`)) ?? ''
      const removed = await fetchFrom(to.port, `${base}/_holdfast/sign-out`, {
        method: 'POST',
        headers: {
          host: to.host,
          origin: to.origin,
          'content-length': '0',
          cookie: given.split(';')[0] ?? '',
        },
      })
      const clearing = removed.setCookie.find((line) => line.startsWith(`${to.cookieName}=;`)) ?? ''
      const kept = (line: string): string[] =>
        line
          .split('; ')
          .slice(1)
          .filter((one) => !/^(max-age|expires)=/i.test(one))
      expect(kept(clearing)).toEqual(kept(given))
      expect(clearing).toMatch(/; Max-Age=0; Expires=Thu, 01 Jan 1970/)
      if (publicUrl.startsWith('https')) {
        expect(to.cookieName).toMatch(/^__Host-Http-/)
        expect(kept(given)).toEqual(['Path=/', 'HttpOnly', 'Secure', 'SameSite=Lax'])
      }
    }
  })

  it('CVE-2026-34454: after signing out neither the cookie nor the record is there', async () => {
    const cookie = await gateway.signIn('ben')
    const before = await countSessions(gateway)
    const answer = await signOut(gateway, cookie)
    expect([answer.status, answer.headers['clear-site-data'], answer.headers['cache-control']]).toEqual([
      303,
      '"cache"',
      'no-store',
    ])
    expect(answer.setCookie).toEqual([
      expect.stringMatching(new RegExp(`^${gateway.cookieName}=; Max-Age=0`)),
    ])
    expect(await countSessions(gateway)).toBe(before - 1)
  })

  it('CVE-2024-21492: a copy of the cookie is worth nothing after signing out, by HTTP or WebSocket', async () => {
    const cookie = await gateway.signIn('ben')
    expect(await statusOf(gateway, cookie)).toBe(200)
    await signOut(gateway, cookie)
    gateway.upstream.forget()
    for (const path of ['/', '/_holdfast/session', '/x?y'])
      expect(await statusOf(gateway, cookie, path)).toBe(401)
    for (const path of ['/ws', '/_holdfast/events']) {
      const { answers } = await rawExchange(
        gateway.port,
        gateway.request(`GET ${path}`, upgradeLines(gateway, cookie)),
      )
      expect(answers[0]?.status).toBe(401)
    }
    expect([gateway.upstream.requests.length, gateway.upstream.upgrades.length]).toEqual([0, 0])
  })

  it('CVE-2021-41247: a tab that polls while another signs out brings nothing back', async () => {
    let ahead = 0
    const now = (): number => Date.now() + ahead
    const to = await startHarness({ policy: { ...defaultPolicy, rotateAfter: 60_000 }, now })
    const cookie = await to.sessionOf(ben)
    // Every document is now due to replace the token.
    ahead = 61_000
    let polling = true
    const poll = async (): Promise<string[]> => {
      const set: string[] = []
      while (polling) {
        const headers = { host: to.host, cookie, accept: 'text/html' }
        set.push(...(await fetchFrom(to.port, '/', { headers })).setCookie)
      }
      return set
    }
    const tabs = [poll(), poll(), poll()]
    const answer = await signOut(to, cookie)
    polling = false
    const given = (await Promise.all(tabs)).flat().map((line) => line.split(';')[0] ?? '')
    expect(answer.status).toBe(303)
    expect(await countSessions(to)).toBe(0)
    for (const one of [cookie, ...given]) expect(await statusOf(to, one)).toBe(401)
  })

  it('CVE-2024-28233: two different cookies of our name count for nothing, in either order and on any route', async () => {
    const [bens, annas] = [await gateway.sessionOf(ben), await gateway.sessionOf(anna)]
    const planted = `${gateway.cookieName}=x`
    for (const cookie of [
      `${bens}; ${annas}`,
      `${annas}; ${bens}`,
      `${planted}; ${bens}`,
      `${bens}; a=1; ${planted}`,
    ]) {
      expect(await statusOf(gateway, cookie)).toBe(401)
      expect(await statusOf(gateway, cookie, '/_holdfast/session')).toBe(401)
    }
    // The same one twice is one.
    expect(await statusOf(gateway, `${bens}; ${bens}`)).toBe(200)
    expect(await statusOf(gateway, bens.replace('holdfast', 'Holdfast'))).toBe(401)
  })

  it('CVE-2024-24814: nothing is counted, and no loop is sized, by what a cookie says', async () => {
    const chunks = Array.from({ length: 400 }, (_, i) => `${gateway.cookieName}_${i}=99999999`)
    const numbers = [`${gateway.cookieName}_chunks=4294967295`, `${gateway.cookieName}=4294967295`]
    const started = performance.now()
    for (const cookie of [chunks.join('; '), numbers.join('; '), `a1.${'9'.repeat(40_000)}`]) {
      expect(await statusOf(gateway, cookie)).toBe(401)
    }
    expect(performance.now() - started).toBeLessThan(2_000)
  })

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

  it('CVE-2026-33544: two hundred sign-ins at once each end as themselves', async () => {
    const to = await startHarness({ trustProxy: ['127.0.0.1'] })
    const names = await Promise.all(
      Array.from({ length: 200 }, async (_, i) => {
        const username = i % 2 === 0 ? 'anna' : 'ben'
        // Spread over networks, as people are; one network would be throttled.
        const forwarded = { 'x-forwarded-for': `198.${18 + (i % 2)}.${i}.1` }
        const { token, cookie } = await signInForm(to, '/_holdfast/sign-in', forwarded)
        const identity = i % 2 === 0 ? anna : ben
        const issued =
          i < 20 ? await byForm(to, username, token, cookie, forwarded) : await to.sessionOf(identity)
        const who = await fetchFrom(to.port, '/_holdfast/session', {
          headers: { host: to.host, cookie: issued },
        })
        return [username, (JSON.parse(who.body) as { user: { id: string } }).user.id]
      }),
    )
    expect(names.filter(([wanted, got]) => wanted !== got)).toEqual([])
  })

  it('CVE-2026-19349, CVE-2026-56425: nothing else that is handed out counts as a session, or tells of one', async () => {
    const { token, cookie } = await signInForm(gateway)
    const session = await gateway.signIn('ben')
    const [, credential = ''] = session.split('=')
    const who = await fetchFrom(gateway.port, '/_holdfast/session', {
      headers: { host: gateway.host, cookie: session },
    })
    const { mark } = JSON.parse(who.body) as { mark: string }
    const binding = cookie.split('=')[1] ?? ''
    const begun = await fetchFrom(gateway.port, '/_holdfast/begin', {
      method: 'POST',
      headers: {
        host: gateway.host,
        origin: gateway.origin,
        'content-type': 'text/plain',
        'content-length': '0',
      },
    })
    const anonymous = (begun.setCookie[0] ?? '').split(';')[0]?.split('=')[1] ?? ''
    for (const value of [
      token,
      binding,
      mark,
      anonymous,
      anonymous.replace('a1.', 'v1.'),
      gateway.keyring.kid,
    ]) {
      expect(await statusOf(gateway, `${gateway.cookieName}=${value}`), value).toBe(401)
      expect(credential.includes(value) && value !== gateway.keyring.kid).toBe(false)
    }
    // And what the store keeps of it is no credential either.
    const dump: string[] = []
    for await (const row of gateway.store.store.scan())
      dump.push(row.id, row.sid, row.user ?? '', Buffer.from(row.key).toString('base64url'))
    for (const value of dump.slice(0, 40)) {
      for (const one of [
        value,
        `v1.${gateway.keyring.kid}.${value}`,
        `v1.${gateway.keyring.kid}.${value}.${credential.split('.')[3]}`,
      ]) {
        expect(await statusOf(gateway, `${gateway.cookieName}=${one}`)).toBe(401)
      }
    }
  })

  it("GO-2022-0827: a credential without its MAC, with another's, or under another key is refused without a look at the store", async () => {
    const [name = '', credential = ''] = (await gateway.sessionOf(ben)).split('=')
    const [v = '', kid = '', token = '', mac = ''] = credential.split('.')
    const [, , otherToken = ''] = (await gateway.sessionOf(anna)).split('=')[1]?.split('.') ?? []
    const foreign = await startHarness({ store: watchedStore() })
    const foreignMint = tokenMint(foreign.keyring)
    const forged = [
      `${v}.${kid}.${token}`,
      `${v}.${kid}.${token}.`,
      `${v}.${kid}.${token}.none`,
      `none.${kid}.${token}.${mac}`,
      `${v}.${kid}.${otherToken}.${mac}`,
      `${v}.${kid}.${token}.${'A'.repeat(22)}`,
      `${v}.${kid}.${token}.${mac.slice(0, -1)}`,
      `${v}.${kid}.${token}.${mac}A`,
      `${v}.AAAAAAAA.${token}.${mac}`,
      foreignMint.write(foreignMint.issue('signed-in', Date.now())),
    ]
    gateway.store.calls.clear()
    for (const one of forged) expect(await statusOf(gateway, `${name}=${one}`), one).toBe(401)
    expect([...gateway.store.calls]).toEqual([])
  })

  it('CVE-2024-21495: tokens are 32 bytes nobody can tell from chance', () => {
    const mint = tokenMint(gateway.keyring)
    const secrets = Array.from({ length: 20_000 }, () => mint.issue('signed-in', 0).secret)
    expect(new Set(secrets.map((one) => Buffer.from(one).toString('hex'))).size).toBe(secrets.length)
    expect(secrets.every((one) => one.length === 32)).toBe(true)
    const ones = Array<number>(256).fill(0)
    for (const secret of secrets)
      for (let bit = 0; bit < 256; bit++)
        ones[bit] = (ones[bit] ?? 0) + (((secret[bit >> 3] ?? 0) >> (bit & 7)) & 1)
    // Six standard deviations of a fair coin: chance fails this once in two million runs.
    expect(ones.filter((count) => Math.abs(count - 10_000) > 6 * Math.sqrt(5_000))).toEqual([])
  })

  it('CVE-2024-39315: what a page may ask about itself holds no token, id or key', async () => {
    const cookie = await gateway.signIn('anna')
    const [, credential = ''] = cookie.split('=')
    const answer = await fetchFrom(gateway.port, '/_holdfast/session', {
      headers: { host: gateway.host, cookie },
    })
    const info = JSON.parse(answer.body) as object
    expect(Object.keys(info).sort()).toEqual(['absoluteAt', 'idleAt', 'mark', 'now', 'signedIn', 'user'])
    for (const piece of credential.split('.').filter((one) => one.length > 4))
      expect(answer.body).not.toContain(piece)
    for await (const row of gateway.store.store.scan()) expect(answer.body).not.toContain(row.sid)
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

  it("security: signing in never adopts what was presented, not even another's valid session", async () => {
    const attacker = await gateway.sessionOf(anna)
    const { token, cookie } = await signInForm(gateway)
    const issued = await byForm(gateway, 'ben', token, `${cookie}; ${attacker}`, {})
    expect(issued).not.toBe(attacker)
    expect(await statusOf(gateway, attacker)).toBe(401)
    expect(await statusOf(gateway, issued)).toBe(200)
  })

  it('security: a session that another replica ended is out here too, at once', async () => {
    const shared = watchedStore()
    const [a, b] = [await startHarness({ store: shared }), await startHarness({ store: shared })]
    const other = createSessionManager({ store: shared.store, keyring: b.keyring, policy: defaultPolicy })
    const cookie = (await a.sessionOf(ben)).replace(a.cookieName, b.cookieName)
    expect(await statusOf(b, cookie)).toBe(200)
    const open = await rawTalk(b.port)
    open.send(b.request('GET /ws', upgradeLines(b, cookie)))
    await open.until((all) => all.includes('\r\n\r\n'))
    await other.revokeUser(ben)
    await open.closed
    expect(await statusOf(b, cookie)).toBe(401)
  })

  it('security: no field of the Cookie header moves a session from one name to another', async () => {
    const [name = '', credential = ''] = (await gateway.sessionOf(ben)).split('=')
    for (const cookie of [
      `x${name}=${credential}`,
      `${name}x=${credential}`,
      `"${name}"=${credential}`,
      `a=${name}=${credential}`,
      `a=1,${name}=${credential}`,
      `${name}="${credential}"x`,
    ]) {
      expect(await statusOf(gateway, cookie), cookie).toBe(401)
    }
  })
})

function lengthBody(body: string): { framing: string; payload: string } {
  return { framing: `Content-Length: ${body.length}`, payload: body }
}

function chunkedBody(body: string): { framing: string; payload: string } {
  const chunk = body === '' ? '' : `${body.length.toString(16)}\r\n${body}\r\n`
  return { framing: 'Transfer-Encoding: chunked', payload: `${chunk}0\r\n\r\n` }
}

async function byForm(
  to: Harness,
  username: string,
  token: string,
  cookie: string,
  headers: Readonly<Record<string, string>>,
): Promise<string> {
  const answer = await fetchFrom(to.port, '/_holdfast/sign-in', {
    method: 'POST',
    headers: { host: to.host, origin: to.origin, cookie, 'content-type': form, ...headers },
    body: new URLSearchParams({ username, password: 'kelp holds on to rock', form_token: token }).toString(),
  })
  return (
    answer.setCookie.find((line) => line.startsWith(`${to.cookieName}=`))?.split(';')[0] ?? `${answer.status}`
  )
}

async function countSessions(to: Harness): Promise<number> {
  let count = 0
  for await (const _ of to.store.store.scan()) count++
  return count
}
