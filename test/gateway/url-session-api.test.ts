/** URL sessions by the state API. */
import { describe, expect, it } from 'vitest'
import { fetchFrom } from './loopback.ts'
import { anna, ben } from './people.ts'
import { startApi } from './state-api-stage.ts'

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
