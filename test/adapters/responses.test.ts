import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import { servers } from './servers.ts'
import { stage } from './stage.ts'

describe.each(Object.entries(servers))('%s', (_, start) => {
  it('streams a response whose session was saved before its first byte', async () => {
    await using at = await stage(start)
    const browser = at.browser()
    const streamed = await browser.get('/stream')
    expect(streamed.text).toBe('one two three')
    expect(streamed.cookies).toHaveLength(1)
    expect(await browser.json('/get')).toBe('streamed')
  })

  it('says so where something is set after the headers are gone', async () => {
    await using at = await stage(start)
    const browser = at.browser()
    await browser.post('/set?a=1')
    expect((await browser.get('/late')).text).toBe('begun ERR_RESPONSE_STARTED')
    expect(await browser.json('/get')).toBeNull()
  })

  it('tells a cookie in the answer to HEAD and in 304, which have no body', async () => {
    await using at = await stage(start)
    const browser = at.browser()
    const head = await browser.get('/stream', { method: 'HEAD' })
    expect([head.status, head.text, head.cookies.length]).toEqual([200, '', 1])
    const other = at.browser()
    const unchanged = await other.get('/not-modified')
    expect([unchanged.status, unchanged.text, unchanged.cookies.length]).toEqual([304, '', 1])
    expect(await other.json('/get')).toBe('kept')
  })

  it('lets no shared cache keep a response that carries a cookie', async () => {
    await using at = await stage(start)
    const browser = at.browser()
    expect((await browser.get('/public')).headers.get('cache-control')).toBe('private, no-store')
    expect((await browser.get('/public')).headers.get('cache-control')).toBe('public, max-age=60')
  })

  it('answers 503 where the store is away, touches no cookie, and knows everybody again afterwards', async () => {
    await using at = await stage(start)
    const browser = at.browser()
    await browser.post('/sign-in')
    await browser.post('/set?theme=kelp')
    at.store.away = true
    for (const [method, path] of [
      ['GET', '/me'],
      ['POST', '/set?theme=lost'],
      ['POST', '/sign-out'],
      ['POST', '/sign-in?user=ben'],
      ['GET', '/private'],
    ] as const) {
      const { status, headers, cookies, text } = await browser.get(path, { method })
      expect([path, status, cookies]).toEqual([path, 503, []])
      expect(headers.get('content-type')).toMatch(/^application\/problem\+json/)
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
      expect(JSON.parse(text)).toMatchObject({ status: 503, code: 'unavailable' })
    }
    at.store.away = false
    expect(await browser.user()).toBe('anna')
    expect(await browser.json('/get')).toBe('kelp')
  })

  it('answers 503 where the store goes away between the handler and the saving', async () => {
    await using at = await stage(start)
    const browser = at.browser()
    await browser.post('/sign-in')
    for (const path of ['/set?theme=lost', '/stream', '/flash', '/count']) {
      at.store.before = async (method) => {
        if (method === 'writeState') at.store.away = true
      }
      const { status, cookies, headers, text } = await browser.post(path)
      expect([path, status, cookies]).toEqual([path, 503, []])
      expect(headers.get('location')).toBeNull()
      expect(JSON.parse(text)).toMatchObject({ code: 'unavailable' })
      at.store.before = null
      at.store.away = false
    }
    expect(await browser.user()).toBe('anna')
    expect(await browser.json('/get')).toBeNull()
  })

  it('goes on when clients leave before they were answered', async () => {
    await using at = await stage(start)
    const browser = at.browser()
    await browser.post('/sign-in')
    const cookie = browser.cookie()
    const left = connect(at.port, '127.0.0.1')
    left.write(`GET /read?gate=left HTTP/1.1\r\nHost: app\r\nCookie: ${cookie}\r\n\r\n`)
    await at.gates.arrived('left')
    left.destroy()
    const leaving = connect(at.port, '127.0.0.1')
    const write = 'POST /set?theme=left&gate=leaving HTTP/1.1\r\nHost: app\r\nContent-Length: 0\r\n'
    leaving.write(`${write}Origin: https://app.example.test\r\nCookie: ${cookie}\r\n\r\n`)
    await at.gates.arrived('leaving')
    leaving.destroy()
    at.gates.open('left')
    at.gates.open('leaving')
    expect(await browser.user()).toBe('anna')
  })
})
