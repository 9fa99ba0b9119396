import { describe, expect, it } from 'vitest'
import { origin } from './browser.ts'
import { servers } from './servers.ts'
import { stage } from './stage.ts'

const foreign: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ['another site', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }],
  ['a sibling', { origin: 'https://other.example.test', 'sec-fetch-site': 'same-site' }],
  ['another port', { origin: `${origin}:8443`, 'sec-fetch-site': '' }],
  ['no origin it would name', { origin: 'null', 'sec-fetch-site': 'cross-site' }],
  ['a sandboxed frame', { origin: 'null', 'sec-fetch-site': '' }],
  ['plain http', { origin: 'http://app.example.test', 'sec-fetch-site': '' }],
  ['a longer name', { origin: `${origin}.evil.example`, 'sec-fetch-site': '' }],
  ['itself, by a contradiction', { origin: 'https://evil.example', 'sec-fetch-site': 'same-origin' }],
]

/** Headers without those that are empty: older browsers send no Sec-Fetch-Site. */
function sent(headers: Readonly<Record<string, string>>, cookie: string): Record<string, string> {
  return Object.fromEntries(Object.entries({ ...headers, cookie }).filter(([, value]) => value !== ''))
}

describe.each(Object.entries(servers))('%s', (_, start) => {
  it('refuses what another origin sends, signed in or not, and does nothing of it', async () => {
    await using at = await stage(start)
    const browser = at.browser()
    await browser.post('/sign-in')
    for (const [name, headers] of foreign) {
      for (const path of ['/set?theme=evil', '/sign-out', '/sign-in?user=mallory']) {
        for (const cookie of [browser.cookie(), '']) {
          const response = await fetch(`http://127.0.0.1:${at.port}${path}`, {
            method: 'POST',
            redirect: 'manual',
            headers: sent(headers, cookie),
          })
          expect([name, path, response.status]).toEqual([name, path, 403])
          expect(await response.json()).toMatchObject({ code: 'cross-origin' })
          expect(response.headers.getSetCookie()).toEqual([])
        }
      }
    }
    expect(await browser.user()).toBe('anna')
    expect(await browser.json('/get')).toBeNull()
    expect(at.events.filter(({ event }) => event === 'origin_refused').length).toBeGreaterThan(20)
  })

  it('refuses a cookie from nowhere, and lets programs without one on', async () => {
    await using at = await stage(start)
    const browser = at.browser()
    await browser.post('/sign-in')
    const url = `http://127.0.0.1:${at.port}/set?theme=kelp`
    expect((await fetch(url, { method: 'POST', headers: { cookie: browser.cookie() } })).status).toBe(403)
    expect((await fetch(url, { method: 'POST' })).status).toBe(200)
  })

  it('lets reads from other sites through, which change nothing', async () => {
    await using at = await stage(start)
    const browser = at.browser()
    await browser.post('/sign-in')
    const from = { headers: { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' } }
    expect((await browser.get('/me', from)).status).toBe(200)
  })

  it('leaves alone what the app says is not signed in by a cookie', async () => {
    await using at = await stage(start, { isGuarded: ({ target }) => !target.startsWith('/plain') })
    const headers = { origin: 'https://payments.example', 'sec-fetch-site': 'cross-site' }
    expect((await fetch(`http://127.0.0.1:${at.port}/plain`, { method: 'POST', headers })).status).toBe(200)
    expect((await fetch(`http://127.0.0.1:${at.port}/me`, { method: 'POST', headers })).status).toBe(403)
  })

  it('knows its own forms: by browser, by session, for an hour', async () => {
    await using at = await stage(start)
    const [browser, other] = [at.browser(), at.browser()]
    const token = (await browser.get('/form')).text
    expect(await browser.json(`/form-check?token=${token}`)).toBe(true)
    expect(await other.json(`/form-check?token=${token}`)).toBe(false)
    await other.get('/form')
    expect(await other.json(`/form-check?token=${token}`)).toBe(false)
    expect(await browser.json('/form-check?token=1.x')).toBe(false)
    await browser.post('/sign-in')
    expect(await browser.json(`/form-check?token=${token}`)).toBe(false)
    const signedIn = (await browser.get('/form')).text
    expect(await browser.json(`/form-check?token=${signedIn}`)).toBe(true)
    at.clock.advance(62 * 60_000)
    expect(await browser.json(`/form-check?token=${signedIn}`)).toBe(false)
  })
})
