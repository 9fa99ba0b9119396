import { describe, expect, it } from 'vitest'
import { day } from '../core/samples.ts'
import { servers } from './servers.ts'
import { stage } from './stage.ts'

describe.each(Object.entries(servers))('%s', (_, start) => {
  it('keeps both of two writes of different keys that overlap', async () => {
    await using at = await stage(start)
    const browser = at.browser()
    await browser.post('/set?theme=kelp')
    const first = browser.post('/set?a=1&gate=first')
    const second = browser.post('/set?b=2&gate=second')
    await at.gates.arrived('first')
    await at.gates.arrived('second')
    at.gates.open('first')
    await first
    at.gates.open('second')
    await second
    expect(await browser.json('/entries')).toEqual([
      ['a', '1'],
      ['b', '2'],
      ['theme', 'kelp'],
    ])
  })

  it('stays signed out when a writing request ends after the sign-out', async () => {
    await using at = await stage(start)
    const browser = at.browser()
    await browser.post('/sign-in')
    const cookie = browser.cookie()
    const writing = browser.post('/set?a=1&gate=write')
    await at.gates.arrived('write')
    await browser.post('/sign-out')
    at.gates.open('write')
    const written = await writing
    expect(written.cookies).toEqual([])
    expect(browser.cookie()).toBe('')
    expect(JSON.parse((await browser.get('/me', { cookie })).text)).toMatchObject({ user: null })
  })

  it('stays signed out when a reading request ends after the sign-out', async () => {
    await using at = await stage(start)
    const browser = at.browser()
    await browser.post('/sign-in')
    const cookie = browser.cookie()
    const reading = browser.get('/read?gate=read')
    await at.gates.arrived('read')
    await browser.post('/sign-out')
    at.gates.open('read')
    // It began before, and is told what held then.
    expect(JSON.parse((await reading).text)).toMatchObject({ user: 'anna' })
    expect((await reading).cookies).toEqual([])
    expect(JSON.parse((await browser.get('/me', { cookie })).text)).toMatchObject({ user: null })
  })

  it('is out at once for a request that begins after the sign-out was answered', async () => {
    await using at = await stage(start)
    const browser = at.browser()
    await browser.post('/sign-in')
    const cookie = browser.cookie()
    await browser.user()
    await browser.post('/sign-out')
    const late = await Promise.all(Array.from({ length: 8 }, () => browser.get('/me', { cookie })))
    expect(late.map(({ text }) => JSON.parse(text).user)).toEqual(Array.from({ length: 8 }, () => null))
  })

  it('ends the presented session once when two requests sign in with it at once', async () => {
    await using at = await stage(start)
    const browser = at.browser()
    await browser.post('/set?theme=kelp')
    const anonymous = browser.cookie()
    const both = await Promise.all([
      browser.post('/sign-in?user=anna', { cookie: anonymous }),
      browser.post('/sign-in?user=anna', { cookie: anonymous }),
    ])
    expect(both.map(({ status }) => status)).toEqual([200, 200])
    expect(both[0].cookies[0]).not.toBe(both[1].cookies[0])
    expect(await browser.user()).toBe('anna')
    expect(JSON.parse((await browser.get('/get', { cookie: anonymous })).text)).toBeNull()
  })

  it('P3: gives two people who sign in with one cookie at once a session each, whichever answer comes last', async () => {
    await using at = await stage(start)
    const browser = at.browser()
    await browser.post('/set?theme=kelp')
    const cookie = browser.cookie()
    const anna = browser.post('/sign-in?user=anna&gate=anna', { cookie })
    const ben = browser.post('/sign-in?user=ben&gate=ben', { cookie })
    await at.gates.arrived('anna')
    await at.gates.arrived('ben')
    at.gates.open('ben')
    const [line = ''] = (await ben).cookies
    const bens = line.split(';', 1)[0] ?? ''
    at.gates.open('anna')
    await anna
    const user = async (own: string): Promise<unknown> =>
      JSON.parse((await browser.get('/me', { cookie: own })).text).user
    await browser.post('/set?theme=anna')
    expect([await browser.user(), await user(bens), await user(cookie)]).toEqual(['anna', 'ben', null])
    expect(JSON.parse((await browser.get('/get', { cookie: bens })).text)).not.toBe('anna')
  })

  it('gives three requests at once one new token, and all go on with it', async () => {
    await using at = await stage(start, {
      policy: { rotateAfter: day / 2, session: { idle: day, absolute: 7 * day } },
    })
    const browser = at.browser()
    await browser.post('/sign-in')
    const old = browser.cookie()
    at.clock.advance(day / 2)
    const all = await Promise.all([1, 2, 3].map(() => browser.get('/me', { cookie: old })))
    expect(all.map(({ text }) => JSON.parse(text).user)).toEqual(['anna', 'anna', 'anna'])
    const tokens = new Set(all.flatMap(({ cookies }) => cookies))
    expect(tokens.size).toBe(1)
    expect(browser.cookie()).not.toBe(old)
    expect(await browser.user()).toBe('anna')
    // One whose answer was lost is told again, until the new one was seen for a while; then the old one is a copy.
    expect(JSON.parse((await browser.get('/me', { cookie: old })).text)).toMatchObject({ user: 'anna' })
    at.clock.advance(31_000)
    expect(JSON.parse((await browser.get('/me', { cookie: old })).text)).toMatchObject({ user: null })
    expect(await browser.user()).toBeNull()
  })

  it('keeps values across a change of the token', async () => {
    await using at = await stage(start, {
      policy: { rotateAfter: day / 2, session: { idle: day, absolute: 7 * day } },
    })
    const browser = at.browser()
    await browser.post('/sign-in')
    await browser.post('/set?theme=kelp')
    const old = browser.cookie()
    at.clock.advance(day / 2)
    expect((await browser.post('/set?a=1')).cookies).toHaveLength(1)
    expect(browser.cookie()).not.toBe(old)
    expect(await browser.json('/entries')).toEqual([
      ['a', '1'],
      ['theme', 'kelp'],
    ])
  })
})
