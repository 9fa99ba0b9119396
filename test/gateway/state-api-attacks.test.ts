/** What an attacker may try at the state API. */
import { describe, expect, it } from 'vitest'
import { fetchFrom } from './loopback.ts'
import { anna } from './people.ts'
import { key, startApi, write } from './state-api-stage.ts'

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
