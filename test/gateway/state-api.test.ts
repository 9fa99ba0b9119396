import { request as httpRequest } from 'node:http'
import { describe, expect, it } from 'vitest'
import { anna, ben } from './people.ts'
import { key, startApi, tab, write } from './state-api-stage.ts'

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
