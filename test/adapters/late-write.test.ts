import { describe, expect, it } from 'vitest'
import type { Browser } from './browser.ts'
import { legacyStage, personOf } from './legacy-stage.ts'
import { Gates } from './routes.ts'
import { servers } from './servers.ts'
import { type Stage, stage } from './stage.ts'

/** What a request is answered whose session another one leaves, by signing in or out, before it ends. */
async function overtaken(at: Stage, browser: Browser, path: string, other = '/sign-in') {
  const writing = browser.post(`${path}&gate=write`)
  await at.gates.arrived('write')
  await browser.post(other)
  at.gates.open('write')
  return writing
}

describe.each(Object.entries(servers))('%s', (_, start) => {
  it.each([
    ['a value', '/set?a=kelp', '/sign-in', '/get?key=a', 'kelp'],
    ['an object', '/basket?item=kelp', '/sign-in', '/basket?', { items: ['kelp'] }],
    ['a value', '/set?a=kelp', '/sign-out', '/get?key=a', 'kelp'],
  ])(
    'P4: acknowledges no write to a session that ended meanwhile, and takes it when it comes again: %s by %s, %s',
    async (...all) => {
      const [, path, other, read, expected] = all
      await using at = await stage(start)
      const browser = at.browser()
      await browser.post('/set?theme=dark')
      const late = await overtaken(at, browser, path, other)
      expect([late.status, late.cookies]).toEqual([409, []])
      expect(late.headers.get('cache-control')).toBe('no-store')
      expect(JSON.parse(late.text)).toMatchObject({ status: 409, code: 'session-ended' })
      expect((await browser.post(path)).status).toBe(200)
      const kept = await browser.json(read)
      if (typeof expected === 'string') expect(kept).toBe(expected)
      else expect(kept).toMatchObject(expected)
    },
  )

  it('leaves the answer to the handler that was told so', async () => {
    await using at = await stage(start)
    const browser = at.browser()
    await browser.post('/set?theme=dark')
    const told = await overtaken(at, browser, '/basket?item=kelp&saved')
    expect([told.status, told.text, told.cookies]).toEqual([200, 'false', []])
  })

  it('answers who only read as ever', async () => {
    await using at = await stage(start)
    const browser = at.browser()
    await browser.post('/set?theme=dark')
    const read = await overtaken(at, browser, '/read?')
    expect([read.status, read.cookies]).toEqual([200, []])
  })
})

describe('express-session', () => {
  it.each([
    ['at the end', 'end', 409],
    ['in save(), whose callback hears it', 'save', 'ERR_SESSION_ENDED'],
    ['in save() that nobody waits for', 'unheard', 409],
  ])('P4: acknowledges no write to a session that ended meanwhile: %s', async (_, how, expected) => {
    const gates = new Gates()
    await using at = await legacyStage(
      async ({ session }, what) => {
        if (what === 'in') session.user = 'anna'
        if (what === 'set') session.theme = 'dark'
        if (what !== 'write') return session
        await gates.pass('write')
        session.cart = ['kelp']
        if (how === 'unheard') session.save()
        if (how !== 'save') return session
        return new Promise((done) => session.save((error) => done((error as { code: string }).code)))
      },
      { session: { personOf } },
    )
    const browser = at.browser()
    await browser.post('/set')
    const writing = browser.post('/write')
    await gates.arrived('write')
    await browser.post('/in')
    gates.open('write')
    const { status, cookies, text } = await writing
    expect(cookies).toEqual([])
    if (typeof expected === 'number') expect([status, JSON.parse(text).code]).toEqual([409, 'session-ended'])
    else expect(text).toContain(expected)
    expect(await browser.json('/read')).toMatchObject({ user: 'anna', theme: 'dark' })
  })
})
