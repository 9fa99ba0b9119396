import { request as httpRequest } from 'node:http'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createUrlSessions } from '../../src/core/url-session.ts'
import { startStateListener } from '../../src/gateway/state/state-listener.ts'
import { stateRoutes } from '../../src/gateway/state/state-routes.ts'
import { anna, ben, fetchFrom, type Harness, startHarness } from './harness.ts'

const key = 'the key that the app was started with, long enough'
const tab = 'AAAAAAAAAAAAAAAAAAAAAA'

interface Answer {
  readonly status: number
  readonly body: Record<string, unknown> & { readonly code?: string }
  readonly retryAfter: string | null
}

interface Api {
  readonly to: Harness
  readonly port: number
  /** What the app was handed with a request that carried this cookie. */
  capability(cookie: string): Promise<string>
  ask(path: string, body: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer>
}

async function startApi(): Promise<Api> {
  const to = await startHarness({ access: 'anyone' })
  const log = { write: () => undefined }
  const urlSessions = createUrlSessions({ store: to.store.store, keyring: to.keyring })
  const handle = stateRoutes({ state: to.sessions.state, urlSessions, log })
  const listener = await startStateListener({ listen: { host: '127.0.0.1', port: 0 }, key, handle })
  onTestFinished(() => listener.close())
  return {
    to,
    port: listener.port,
    async capability(cookie) {
      await fetchFrom(to.port, '/', { headers: { host: to.host, cookie } })
      return to.upstream.requests.at(-1)?.values('holdfast-session').join() ?? ''
    },
    async ask(path, body, headers = {}) {
      const answer = await fetch(`http://127.0.0.1:${listener.port}${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      })
      const retryAfter = answer.headers.get('retry-after')
      return { status: answer.status, body: (await answer.json()) as Answer['body'], retryAfter }
    },
  }
}

const write = (scope: string, ...changes: readonly object[]) => ({ scope, changes })

describe('the state API', () => {
  it('keeps what an app writes, by scope, byte for byte', async () => {
    const api = await startApi()
    const capability = await api.capability(await api.to.sessionOf(anna))
    const headers = { 'holdfast-session': capability, 'holdfast-tab': tab }
    for (const scope of ['tab', 'session', 'user', 'app', 'page']) {
      const change = { key: 'draft', value: `{"b":1.0,"a":"${scope}"}` }
      expect(await api.ask('/state/write', write(scope, change), headers)).toMatchObject({
        status: 200,
        body: { versions: { draft: 1 } },
      })
    }
    for (const scope of ['tab', 'session', 'user', 'app', 'page']) {
      const { body } = await api.ask('/state/read', { scope }, headers)
      expect(body).toEqual({ entries: { draft: { value: `{"b":1.0,"a":"${scope}"}`, version: 1 } } })
    }
  })

  it('shows a person’s own state in another browser, a tab’s in that tab alone, and another person’s to nobody', async () => {
    const api = await startApi()
    const first = {
      'holdfast-session': await api.capability(await api.to.sessionOf(anna)),
      'holdfast-tab': tab,
    }
    const second = {
      'holdfast-session': await api.capability(await api.to.sessionOf(anna)),
      'holdfast-tab': tab,
    }
    const other = {
      'holdfast-session': await api.capability(await api.to.sessionOf(ben)),
      'holdfast-tab': tab,
    }
    for (const scope of ['tab', 'session', 'user'])
      await api.ask('/state/write', write(scope, { key: 'k', value: '"mine"' }), first)
    const seen = async (scope: string, headers: Record<string, string>): Promise<unknown> =>
      (await api.ask('/state/read', { scope }, headers)).body.entries
    const mine = { k: { value: '"mine"', version: 1 } }
    expect(await seen('user', second)).toEqual(mine)
    expect(await seen('session', second)).toEqual({})
    expect(await seen('tab', { ...first, 'holdfast-tab': 'BBBBBBBBBBBBBBBBBBBBBB' })).toEqual({})
    for (const scope of ['tab', 'session', 'user']) expect(await seen(scope, other), scope).toEqual({})
    for (const scope of ['tab', 'session', 'user']) expect(await seen(scope, first), scope).toEqual(mine)
  })

  it('tells a conflict, and writes nothing of it', async () => {
    const api = await startApi()
    const headers = { 'holdfast-session': await api.capability(await api.to.sessionOf(anna)) }
    await api.ask('/state/write', write('session', { key: 'a', value: '1' }), headers)
    const both = write('session', { key: 'a', value: '2', ifVersion: null }, { key: 'b', value: '2' })
    expect(await api.ask('/state/write', both, headers)).toMatchObject({
      status: 409,
      body: { code: 'ERR_STATE_CONFLICT', keys: ['a'] },
    })
    const { body } = await api.ask('/state/read', { scope: 'session' }, headers)
    expect(body.entries).toEqual({ a: { value: '1', version: 1 } })
  })

  it('says that the session has ended, and shows nothing of it', async () => {
    const api = await startApi()
    const cookie = await api.to.sessionOf(anna)
    const headers = { 'holdfast-session': await api.capability(cookie), 'holdfast-tab': tab }
    for (const scope of ['session', 'tab', 'user'])
      await api.ask('/state/write', write(scope, { key: 'a', value: '1' }), headers)
    await api.to.sessions.revokeUser(anna)
    for (const scope of ['session', 'tab', 'user']) {
      const change = write(scope, { key: 'b', value: '1' })
      expect(await api.ask('/state/write', change, headers), scope).toMatchObject({
        status: 410,
        body: { code: 'ERR_SESSION_ENDED' },
      })
      expect((await api.ask('/state/read', { scope }, headers)).body.entries, scope).toEqual({})
    }
  })

  it('names the key that is too large, and its size', async () => {
    const api = await startApi()
    const headers = { 'holdfast-session': await api.capability(await api.to.sessionOf(anna)) }
    const big = JSON.stringify('x'.repeat(2 * 1024 * 1024))
    const change = write('session', { key: 'small', value: '1' }, { key: 'big', value: big })
    expect(await api.ask('/state/write', change, headers)).toMatchObject({
      status: 413,
      body: { code: 'ERR_STATE_TOO_LARGE', key: 'big', bytes: big.length, limit: 1024 * 1024 },
    })
    expect((await api.ask('/state/read', { scope: 'session' }, headers)).body.entries).toEqual({})
  })

  it('answers 503 where the store cannot tell, never "there is nothing"', async () => {
    const api = await startApi()
    const headers = { 'holdfast-session': await api.capability(await api.to.sessionOf(anna)) }
    api.to.store.away = true
    for (const [path, body] of [
      ['/state/read', { scope: 'session' }],
      ['/state/write', write('session', { key: 'a', value: '1' })],
    ] as const) {
      const answer = await api.ask(path, body, headers)
      expect(answer).toMatchObject({ status: 503, body: { code: 'ERR_STORE_UNAVAILABLE' } })
      expect(Number(answer.retryAfter)).toBeGreaterThan(0)
    }
  })

  it('follows a scope, line by line, until the session ends', async () => {
    const api = await startApi()
    const headers = { 'holdfast-session': await api.capability(await api.to.sessionOf(anna)) }
    const lines: string[] = []
    const ended = new Promise<void>((resolve, reject) => {
      const request = httpRequest(
        {
          port: api.port,
          path: '/state/watch',
          method: 'POST',
          headers: { authorization: `Bearer ${key}`, ...headers },
        },
        (response) => {
          response.setEncoding('utf8')
          let rest = ''
          let ready = false
          response.on('data', (piece: string) => {
            const parts = (rest + piece).split('\n')
            rest = parts.pop() ?? ''
            lines.push(...parts.filter((line) => line !== ''))
            if (ready) return
            ready = true
            void api
              .ask('/state/write', write('session', { key: 'a', value: '1' }), headers)
              .then(() => api.to.sessions.revokeUser(anna))
          })
          response.on('end', resolve)
        },
      )
      request.on('error', reject)
      request.end('{"scope":"session"}')
    })
    await ended
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([{ keys: ['a'] }, { ended: true }])
  })
})

describe('a URL session', () => {
  it('keeps what is written by its token, and ends', async () => {
    const api = await startApi()
    const { body: made } = await api.ask('/url-session/ensure', {})
    expect(made).toMatchObject({ created: true, token: expect.stringMatching(/^u1\./) })
    const { token } = made
    const changes = [{ key: 'step', value: '2.0' }]
    expect(await api.ask('/url-session/write', { token, changes })).toMatchObject({ status: 200 })
    expect((await api.ask('/url-session/read', { token })).body.entries).toEqual({
      step: { value: '2.0', version: 1 },
    })
    expect((await api.ask('/url-session/ensure', { token })).body).toEqual({ token, created: false })
    expect((await api.ask('/url-session/end', { token })).body).toEqual({ ended: true })
    expect(await api.ask('/url-session/read', { token })).toMatchObject({
      status: 404,
      body: { code: 'ERR_URL_SESSION_UNKNOWN' },
    })
    expect((await api.ask('/url-session/ensure', { token })).body).toMatchObject({ created: true })
  })

  it('security: opens for whom it was made, is never adopted, and signs nobody in', async () => {
    const api = await startApi()
    const mine = { 'holdfast-session': await api.capability(await api.to.sessionOf(anna)) }
    const other = { 'holdfast-session': await api.capability(await api.to.sessionOf(ben)) }
    const token = String((await api.ask('/url-session/ensure', {}, mine)).body.token)
    for (const headers of [other, {}])
      expect((await api.ask('/url-session/read', { token }, headers)).status).toBe(404)
    expect((await api.ask('/url-session/read', { token }, mine)).status).toBe(200)
    for (const invented of ['chosen', `${token}A`, token.replace('u1', 'v1')]) {
      const { body } = await api.ask('/url-session/ensure', { token: invented }, mine)
      expect(body.created, invented).toBe(true)
      expect(body.token).not.toBe(invented)
    }
    const forged = { host: api.to.host, cookie: `${api.to.cookieName}=${token}` }
    expect((await fetchFrom(api.to.port, '/_holdfast/session', { headers: forged })).status).toBe(401)
    const stranger = { 'holdfast-session': `${mine['holdfast-session']}A` }
    expect((await api.ask('/url-session/ensure', {}, stranger)).status).toBe(400)
  })
})

describe('security: the state API', () => {
  it('answers nobody without the key, and no page even with it', async () => {
    const api = await startApi()
    const headers = { 'holdfast-session': await api.capability(await api.to.sessionOf(anna)) }
    for (const wrong of [
      { authorization: '' },
      { authorization: `Bearer ${key.slice(1)}` },
      { authorization: `bearer ${key}` },
      { authorization: key },
      { origin: 'http://rebound.example' },
      { 'sec-fetch-site': 'none' },
    ]) {
      const answer = await api.ask('/state/read', { scope: 'session' }, { ...headers, ...wrong })
      expect(answer, JSON.stringify(wrong)).toMatchObject({
        status: 401,
        body: { code: 'ERR_STATE_UNAUTHORIZED' },
      })
    }
    expect((await api.ask('/state/read', { scope: 'session' }, headers)).status).toBe(200)
  })

  it('opens nothing by a cookie, by a changed capability, or by none', async () => {
    const api = await startApi()
    const cookie = await api.to.sessionOf(anna)
    const capability = await api.capability(cookie)
    const credential = cookie.slice(cookie.indexOf('=') + 1)
    for (const wrong of [
      credential,
      `${capability}A`,
      capability.replace('s1', 'v1'),
      capability.slice(0, -1),
      'x',
    ])
      expect(
        await api.ask('/state/read', { scope: 'session' }, { 'holdfast-session': wrong }),
        wrong.slice(0, 8),
      ).toMatchObject({ status: 400, body: { code: 'ERR_STATE_SESSION' } })
    expect(await api.ask('/state/read', { scope: 'user' })).toMatchObject({ status: 400 })
    expect(await api.ask('/state/read', { scope: 'tab' }, { 'holdfast-session': capability })).toMatchObject({
      body: { code: 'ERR_STATE_TAB' },
    })
  })

  it('takes no capability for a cookie, and passes none on that a browser sends', async () => {
    const api = await startApi()
    const capability = await api.capability(await api.to.sessionOf(anna))
    const forged = { host: api.to.host, cookie: `${api.to.cookieName}=${capability}` }
    const info = await fetchFrom(api.to.port, '/_holdfast/session', { headers: forged })
    expect(info.status).toBe(401)
    for (const name of ['Holdfast-Session', 'holdfast_session', 'HOLDFAST-TAB']) {
      await fetchFrom(api.to.port, '/', { headers: { host: api.to.host, [name]: capability } })
      expect(JSON.stringify(api.to.upstream.requests.at(-1)?.rawHeaders), name).not.toContain(capability)
    }
  })

  it('is not to be had on the public listener', async () => {
    const api = await startApi()
    for (const path of ['/state/read', '/_holdfast/state/read']) {
      await fetchFrom(api.to.port, path, { headers: { host: api.to.host, authorization: `Bearer ${key}` } })
    }
    expect(api.to.upstream.requests.at(-1)?.url).toBe('/state/read')
  })

  it('says what is wrong with a request, and does nothing', async () => {
    const api = await startApi()
    const headers = { 'holdfast-session': await api.capability(await api.to.sessionOf(anna)) }
    for (const body of [
      '{',
      'null',
      '[]',
      { scope: 'everything' },
      { scope: 'session', changes: {} },
      write('session', { key: 1, value: '1' }),
      write('session', { key: 'a' }),
      write('session', { key: 'a', value: 1 }),
      write('session', { key: 'a', value: '1', delete: true }),
      write('session', { key: 'a', value: '1', ifVersion: 1.5 }),
      write('session', { key: 'a', value: '{' }),
      write('session', { key: 'a', value: '' }),
      write('session', { key: 'ok', value: '1' }, { key: 'k'.repeat(5000), value: '1' }),
    ]) {
      const answer = await api.ask('/state/write', body, headers)
      expect(answer.status, JSON.stringify(body)).toBe(400)
      expect(answer.body.code).toMatch(/^ERR_(STATE|VALUE)_/)
    }
    expect((await api.ask('/state/read', { scope: 'session' }, headers)).body.entries).toEqual({})
    expect((await api.ask('/state', {}, headers)).status).toBe(404)
  })

  it('tells the app nothing of a session of which nothing is stored', async () => {
    const { to } = await startApi()
    await fetchFrom(to.port, '/', { headers: { host: to.host } })
    expect(to.upstream.requests.at(-1)?.values('holdfast-session')).toEqual([])
  })
})
