import { describe, expect, it } from 'vitest'
import { servers } from './servers.ts'
import { stage } from './stage.ts'

/** Time between reading and writing, in which other requests do the same. */
const slowWrites = (method: string): Promise<void> =>
  new Promise((resolve) => (method === 'writeState' ? setTimeout(resolve, 10) : resolve()))

describe.each(Object.entries(servers))('%s', (_, start) => {
  it('keeps what was set for the next request, and for nobody else', async () => {
    await using at = await stage(start)
    const [one, other] = [at.browser(), at.browser()]
    await one.post('/set?theme=kelp&a=1')
    expect(await one.json('/get')).toBe('kelp')
    expect(await one.json('/entries')).toEqual([
      ['a', '1'],
      ['theme', 'kelp'],
    ])
    expect(await other.json('/get')).toBeNull()
    await one.post('/delete')
    expect(await one.json('/entries')).toEqual([['a', '1']])
    await one.post('/clear')
    expect(await one.json('/entries')).toEqual([])
  })

  it('reads without writing: no cookie, no record, no call that writes', async () => {
    await using at = await stage(start)
    const browser = at.browser()
    for (const path of ['/plain', '/me', '/get', '/entries', '/flashes', '/devices', '/nothing']) {
      expect((await browser.get(path)).cookies, path).toEqual([])
    }
    expect((await browser.post('/delete')).cookies).toEqual([])
    expect((await browser.post('/clear')).cookies).toEqual([])
    // The key ring is all that a store holds of an app that nobody wrote to.
    expect(at.store.writes()).toBe(1)
  })

  it('asks the store for nothing in a warm request that reads no value', async () => {
    await using at = await stage(start)
    const browser = at.browser()
    await browser.post('/sign-in')
    await browser.user()
    at.store.calls.clear()
    for (let i = 0; i < 5; i++) expect(await browser.user()).toBe('anna')
    expect([...at.store.calls]).toEqual([])
  })

  it('counts right however many requests count at once', async () => {
    await using at = await stage(start)
    const browser = at.browser()
    await browser.post('/count')
    at.store.before = slowWrites
    await Promise.all(Array.from({ length: 12 }, () => browser.post('/count')))
    expect(await browser.json('/get?key=count')).toBe(13)
  })

  it('shows a message once, to one of two pages that load at once', async () => {
    await using at = await stage(start)
    const browser = at.browser()
    expect((await browser.post('/flash')).status).toBe(303)
    await browser.post('/flash')
    at.store.before = slowWrites
    const pages = await Promise.all([browser.json('/flashes'), browser.json('/flashes')])
    const [shown, empty] = pages.toSorted((a, b) => (b as []).length - (a as []).length)
    expect(shown).toEqual([
      { kind: 'info', text: 'Saved.' },
      { kind: 'error', text: 'Not sent.' },
      { kind: 'info', text: 'Saved.' },
      { kind: 'error', text: 'Not sent.' },
    ])
    expect(empty).toEqual([])
    expect(await browser.json('/flashes')).toEqual([])
    expect(await browser.json('/entries')).toEqual([])
  })

  it('keeps the messages that two requests leave at once', async () => {
    await using at = await stage(start)
    const browser = at.browser()
    await browser.post('/set?theme=kelp')
    at.store.before = slowWrites
    await Promise.all([browser.post('/flash'), browser.post('/flash'), browser.post('/flash')])
    expect(await browser.json('/flashes')).toHaveLength(6)
  })

  it('saves nothing of a request that failed, whoever says so', async () => {
    await using at = await stage(start)
    const browser = at.browser()
    await browser.post('/set?theme=kelp')
    expect((await browser.post('/fail')).status).toBe(500)
    expect((await browser.post('/bad-gateway')).status).toBe(502)
    expect(await browser.json('/get')).toBe('kelp')
    const fresh = at.browser()
    expect((await fresh.post('/fail')).cookies).toEqual([])
  })

  it('refuses at once what cannot be kept, and at the end what is too much', async () => {
    await using at = await stage(start)
    const browser = at.browser()
    await browser.post('/set?theme=kelp')
    expect((await browser.post('/unkept')).status).toBe(500)
    expect((await browser.post('/large')).status).toBe(500)
    expect(await browser.json('/get')).toBe('kelp')
  })
})
