import { describe, expect, it } from 'vitest'
import type { LegacySession } from '../../src/adapters/express-session.ts'
import type { Session } from '../../src/core/session.ts'
import { day, hour, minute } from '../core/samples.ts'
import type { Browser, Got } from './browser.ts'
import { type LegacyHandler, type LegacyStage, legacyStage, personOf } from './legacy-stage.ts'

const remembered = 14 * day
const lifetimes: Readonly<Record<string, number | null>> = {
  minutes: 10 * minute,
  hours: 6 * hour,
  days: 7 * day,
  years: 400 * day,
  browser: null,
}

const acts: Readonly<Record<string, (own: LegacySession) => unknown>> = {
  set: (own) => Object.assign(own, { n: Number(own.n ?? 0) + 1 }),
  save: (own) => new Promise((done) => own.save(done)),
  regenerate: (own) => new Promise((done) => own.regenerate(done)),
  anna: (own) => Object.assign(own, { user: 'anna' }),
  past: ({ cookie }) => Object.assign(cookie, { expires: new Date(0) }),
  false: ({ cookie }) => Object.assign(cookie, { expires: false }),
}

/** What apps do with `cookie`: told by the path, word by word. */
const handle: LegacyHandler = async (request, what) => {
  for (const word of what.split('-')) {
    await acts[word]?.(request.session)
    if (word in lifetimes) request.session.cookie.maxAge = lifetimes[word] ?? null
  }
  const { n = 0, user = null, cookie } = request.session
  return { n, user, maxAge: cookie.maxAge, original: cookie.originalMaxAge }
}

const withPeople = { session: { personOf } }

function maxAgeIn({ cookies }: Got): number | null | undefined {
  const [line] = cookies
  if (line === undefined) return undefined
  const [, seconds] = /; Max-Age=(\d+);/.exec(line) ?? []
  return seconds === undefined ? null : Number(seconds)
}

/** What a holder of the cookie sees who does not let it go when told to. */
async function seen(browser: Browser, cookie: string): Promise<{ n: number; user: string | null }> {
  return JSON.parse((await browser.get('/look', { cookie })).text)
}

async function annas({ sessions }: LegacyStage): Promise<readonly Session[]> {
  return sessions.manager.listUser({ userId: 'anna', authenticator: 'app' })
}

describe('req.session.cookie', () => {
  it('ends the session maxAge after the last request, whoever still holds the cookie', async () => {
    await using at = await legacyStage(handle, { session: { cookie: { maxAge: hour } } })
    const browser = at.browser()
    expect(maxAgeIn(await browser.post('/set'))).toBe(3600)
    const cookie = browser.cookie()
    expect(await browser.json('/look')).toMatchObject({ n: 1, maxAge: hour, original: hour })
    for (let step = 0; step < 4; step++) {
      at.clock.advance(50 * minute)
      expect(await seen(browser, cookie)).toMatchObject({ n: 1 })
    }
    at.clock.advance(hour)
    expect(await seen(browser, cookie)).toMatchObject({ n: 0 })
  })

  it('is of the browser where nobody says maxAge, and lives as the policy says', async () => {
    await using at = await legacyStage(handle)
    const browser = at.browser()
    expect(maxAgeIn(await browser.post('/set'))).toBeNull()
    expect(await browser.json('/look')).toMatchObject({ n: 1, maxAge: null, original: null })
    at.clock.advance(23 * hour)
    expect(await browser.json('/look')).toMatchObject({ n: 1 })
  })

  it.each(['anna-days', 'regenerate-anna-save-days', 'regenerate-anna-save-set-days-save', 'days-anna'])(
    'remembers whom /%s signs in for as long as it says, as one of the policy that stays',
    async (path) => {
      await using at = await legacyStage(handle, withPeople)
      const browser = at.browser()
      await browser.post('/set')
      const got = await browser.post(`/${path}`)
      expect([got.cookies.length, maxAgeIn(got)]).toEqual([1, 7 * 86_400])
      const [session, ...more] = await annas(at)
      expect(more).toEqual([])
      expect(session).toMatchObject({ remember: true, idle: 7 * day, absoluteAt: at.clock.now() + 30 * day })
      for (let week = 0; week < 4; week++) {
        at.clock.advance(6 * day)
        expect(await browser.json('/look')).toMatchObject({ user: 'anna' })
      }
      at.clock.advance(6 * day)
      expect(await seen(browser, browser.cookie())).toMatchObject({ user: null })
    },
  )

  it.each(['anna-false', 'regenerate-anna-save-browser'])(
    'forgets at the end of the browser whom /%s signs in, though cookie.maxAge is for everybody',
    async (path) => {
      await using at = await legacyStage(handle, { session: { personOf, cookie: { maxAge: remembered } } })
      const browser = at.browser()
      expect(maxAgeIn(await browser.post(`/${path}`))).toBeNull()
      expect(await annas(at)).toMatchObject([{ remember: false, absoluteAt: at.clock.now() + day }])
    },
  )

  it('keeps one session, and all that was set, where signing in and staying are said one after the other', async () => {
    await using at = await legacyStage(handle, withPeople)
    const browser = at.browser()
    await browser.post('/anna-set-save-set-days')
    expect(await browser.json('/look')).toMatchObject({ n: 2, user: 'anna' })
    expect(await at.stored()).toBe(1)
  })

  it('SECURITY: never lives longer than the policy allows, whatever is said', async () => {
    await using at = await legacyStage(handle, withPeople)
    const [anyone, anna] = [at.browser(), at.browser()]
    expect(maxAgeIn(await anyone.post('/set-years'))).toBe(86_400)
    expect(maxAgeIn(await anna.post('/anna-years'))).toBe(14 * 86_400)
    expect(await annas(at)).toMatchObject([{ idle: remembered, absoluteAt: at.clock.now() + 30 * day }])
    expect(await anna.json('/look')).toMatchObject({ maxAge: remembered })
  })

  it('SECURITY: nothing said later moves the absolute deadline that somebody signed in for', async () => {
    await using at = await legacyStage(handle, withPeople)
    const browser = at.browser()
    await browser.post('/anna')
    const [{ absoluteAt } = { absoluteAt: 0 }] = await annas(at)
    at.clock.advance(11 * hour)
    for (const path of ['/years', '/days', '/years-set']) {
      expect(maxAgeIn(await browser.post(path))).toBe(13 * 3600)
      expect(await annas(at)).toMatchObject([{ absoluteAt }])
    }
    at.clock.advance(13 * hour)
    expect(await seen(browser, browser.cookie())).toMatchObject({ user: null })
  })

  it('SECURITY: a shorter life holds at once, for every copy of the cookie there was', async () => {
    await using at = await legacyStage(handle, withPeople)
    const browser = at.browser()
    await browser.post('/anna-days')
    const copy = browser.cookie()
    expect(maxAgeIn(await browser.post('/minutes'))).toBe(600)
    expect(await annas(at)).toMatchObject([{ idle: 10 * minute, idleAt: at.clock.now() + 10 * minute }])
    at.clock.advance(10 * minute)
    for (const cookie of [copy, browser.cookie()])
      expect(await seen(browser, cookie)).toMatchObject({ user: null })
  })

  it('renews the token once where requests at the same moment say the same', async () => {
    await using at = await legacyStage(handle, { session: { cookie: { maxAge: hour } } })
    const browser = at.browser()
    await browser.post('/set')
    const all = await Promise.all(['/minutes', '/minutes', '/minutes'].map((path) => browser.post(path)))
    expect(all.map(({ status }) => status)).toEqual([200, 200, 200])
    expect(await browser.json('/look')).toMatchObject({ n: 1, original: 10 * minute })
    // Said again it is no news, but the cookie is told again: it lasts from now on.
    const before = browser.cookie()
    expect(maxAgeIn(await browser.post('/minutes'))).toBe(600)
    expect(browser.cookie()).toBe(before)
  })

  it.each([
    ['rolling', { rolling: true }, '/look'],
    ['cookie.maxAge', { cookie: { maxAge: day } }, '/days'],
  ])(
    'P8: a slow request does not put an older cookie in the place of the one that another was given (%s)',
    async (_what, options, slow) => {
      let letGo = (): void => {}
      const held = new Promise<void>((resolve) => {
        letGo = resolve
      })
      let arrived = (): void => {}
      const isThere = new Promise<void>((resolve) => {
        arrived = resolve
      })
      await using at = await legacyStage(
        async (request, what) => {
          if (request.get('x-slow') !== undefined) {
            arrived()
            await held
          }
          return handle(request, what)
        },
        { session: { personOf, ...options } },
      )
      const browser = at.browser()
      await browser.post('/set')
      const old = browser.cookie()
      const [, credential = ''] = old.split('=')
      const late = browser.get(slow, { cookie: old, headers: { 'x-slow': '1' } })
      await isThere
      await browser.post('/anna-set')
      letGo()
      for (const line of (await late).cookies) expect(line).not.toContain(credential)
      expect(await seen(browser, browser.cookie())).toMatchObject({ user: 'anna' })
    },
  )

  it('ends the session, and takes the cookie back, where it is over by what is said', async () => {
    await using at = await legacyStage(handle)
    const browser = at.browser()
    await browser.post('/set')
    const copy = browser.cookie()
    expect(maxAgeIn(await browser.post('/past'))).toBe(0)
    expect([browser.cookie(), await at.stored()]).toEqual(['', 0])
    expect(await seen(browser, copy)).toMatchObject({ n: 0 })
  })

  it('takes the lifetime along where the properties of one session are copied to the next', async () => {
    await using at = await legacyStage(
      async (request) => {
        request.session.cookie.maxAge = hour
        const before = { ...request.session, a: 1 }
        await new Promise((done) => request.session.regenerate(done))
        Object.assign(request.session, before)
        return Object.keys(request.session)
      },
      { session: { cookie: { maxAge: day } } },
    )
    const got = await at.browser().post('/')
    expect([got.text, maxAgeIn(got)]).toEqual(['["cookie","a"]', 3600])
  })

  it('tells what the cookie is, and refuses to be made another', async () => {
    await using at = await legacyStage(({ session: own }, what) => {
      const values: Readonly<Record<string, unknown>> = { httpOnly: false, secure: false, sameSite: 'none' }
      const more: Readonly<Record<string, unknown>> = {
        domain: 'example.test',
        partitioned: true,
        path: '/a',
      }
      if (what !== '') Object.assign(own.cookie, { [what]: { ...values, ...more }[what] })
      Object.assign(own.cookie, { httpOnly: true, secure: true, sameSite: 'lax', path: '/' })
      return own.cookie
    })
    const browser = at.browser()
    expect(await browser.json('/')).toEqual({
      ...{ originalMaxAge: null, expires: null },
      ...{ secure: true, httpOnly: true, path: '/', sameSite: 'lax' },
    })
    for (const name of ['httpOnly', 'secure', 'sameSite', 'domain', 'partitioned', 'path'])
      expect(await browser.post(`/${name}`)).toMatchObject({ status: 500, text: 'ERR_CONFIG_INVALID' })
  })

  it('leaves every name to the app but those that express-session has', async () => {
    const names = ['keep', 'end', 'open', 'parts', 'stored', 'replace', 'lasting']
    await using at = await legacyStage(({ session: own }, what) => {
      if (what === 'set') for (const name of names) own[name] = name
      return own
    })
    const browser = at.browser()
    await browser.post('/set')
    expect(await browser.json('/')).toMatchObject(Object.fromEntries(names.map((name) => [name, name])))
    expect((await browser.post('/set')).status).toBe(200)
  })

  it('says that it cannot reload a session that has ended', async () => {
    await using at = await legacyStage(async ({ session: own }, what) => {
      if (what === 'set') return Object.assign(own, { a: 1 }).a
      await at.sessions.revokeAll()
      return new Promise((resolve) => own.reload((error) => resolve(String(error))))
    })
    const browser = at.browser()
    await browser.post('/set')
    expect(await browser.json('/reload')).toBe('Error: failed to load session')
  })
})
