import type { Request } from 'express'
import { describe, expect, it } from 'vitest'
import { type ExpressSessionOptions, session } from '../../src/adapters/express-session.ts'
import { createSessions, type Sessions } from '../../src/adapters/sessions.ts'
import type { SessionsOptions } from '../../src/adapters/sessions-options.ts'
import { ConfigError } from '../../src/core/errors.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { day, hour, secret } from '../core/samples.ts'
import { origin } from './browser.ts'
import { legacyStage, personOf } from './legacy-stage.ts'

function opened(options: Partial<SessionsOptions<object>> = {}): Promise<Sessions<object>> {
  return createSessions<object>({ store: memoryStore(), secret, origin, ...options })
}

const inClear = { origin: 'http://localhost:3000' }

type Of = Partial<SessionsOptions<object>>

/** What the error says to do. */
const refused: readonly (readonly [options: object, hint: RegExp, of: Of])[] = (
  [
    [{ secret: 'keyboard cat' }, /createSessions\(\{ secret \}\)/],
    [{ store: {} }, /createSessions\(\{ store \}\)/],
    [{ name: 'sid' }, /createSessions\(\{ name \}\)/],
    [{ key: 'sid' }, /createSessions\(\{ name \}\)/],
    [{ genid: () => 'apple' }, /Ids must be random/],
    [{ rollin: true }, /no such option/],
    [{ resave: 'no' }, /true or false/],
    [{ saveUninitialized: 1 }, /true or false/],
    [{ rolling: null }, /true or false/],
    [{ proxy: 'loopback' }, /true or false/],
    [{ unset: 'bogus' }, /'destroy' or 'keep'/],
    [{ personOf: 'anna' }, /function/],
    [{ cookie: 42 }, /object or a function/],
    [{ cookie: { domain: 'example.test' } }, /one host/],
    [{ cookie: { httpOnly: false } }, /script/],
    [{ cookie: { secure: false } }, /says https/],
    [{ cookie: { secure: true } }, /says http\b/, inClear],
    [{ cookie: { path: 'admin' } }, /begins with/],
    [{ cookie: { sameSite: 'none' } }, /embedded: true/],
    [{ cookie: { sameSite: 'auto' } }, /embedded: true/],
    [{ cookie: { sameSite: true } }, /sameSite: 'strict'/],
    [{ cookie: { sameSite: 'lax' } }, /sameSite: 'lax'/, { sameSite: 'strict' }],
    [{ cookie: { partitioned: true } }, /embedded/],
    [{ cookie: { priority: 'urgent' } }, /medium/],
    [{ cookie: { signed: true } }, /no such attribute/],
    [{ cookie: { maxAge: '1h' } }, /milliseconds/],
    [{ cookie: { maxAge: Number.NaN } }, /milliseconds/],
    [{ cookie: { maxAge: 0 } }, /second request/],
    [{ cookie: { maxAge: 2 * day } }, /policy: \{ anonymous/],
    [{ cookie: { maxAge: 15 * day }, personOf: () => null }, /policy: \{ remember/],
    [{ cookie: { expires: new Date(Number.NaN) } }, /maxAge/],
  ] satisfies (readonly [object, RegExp, Of?])[]
).map(([options, hint, of = {}]) => [options, hint, of])

const taken: readonly (readonly [options: object, of?: Partial<SessionsOptions<object>>])[] = [
  [{}],
  [{ resave: true, saveUninitialized: false, rolling: true, unset: 'keep', proxy: true, personOf: null }],
  [{ resave: false, saveUninitialized: undefined, secret: undefined }],
  [{ cookie: { path: '/', httpOnly: true, secure: true, sameSite: 'lax', partitioned: false } }],
  [{ cookie: { secure: 'auto', sameSite: false, priority: 'high', maxAge: null, expires: null } }],
  [{ cookie: { maxAge: day, domain: undefined } }],
  [{ cookie: { maxAge: 14 * day }, personOf: () => null }],
  [{ cookie: () => ({ maxAge: hour }) }],
  [{ cookie: { secure: false, sameSite: 'auto' } }, inClear],
  [{ cookie: { sameSite: 'strict' } }, { sameSite: 'strict' }],
  [{ cookie: { sameSite: 'none', partitioned: true } }, { embedded: true }],
]

describe('the options of express-session', () => {
  it.each(refused)('refuses %j at the start, and says what to do', async (options, hint, of) => {
    const sessions = await opened(of)
    const start = (): unknown => session(sessions, options as ExpressSessionOptions)
    expect(start).toThrow(expect.objectContaining({ code: 'ERR_CONFIG_INVALID' }))
    expect(start).toThrow(hint)
    expect(start).toThrow(ConfigError)
    await sessions.close()
  })

  it.each(taken)('takes %j', async (options, of = {}) => {
    const sessions = await opened(of)
    expect(session(sessions, options as ExpressSessionOptions)).toBeInstanceOf(Function)
    await sessions.close()
  })

  it('refuses options where the sessions belong, as code has them that was not moved yet', () => {
    expect(() => session({ secret: 'keyboard cat' } as unknown as Sessions)).toThrow(/createSessions gave/)
  })

  it('refuses SameSite=Strict in an app that pages of other sites embed', async () => {
    await expect(opened({ sameSite: 'strict', embedded: true })).rejects.toThrow(ConfigError)
    await expect(opened({ sameSite: 'Strict' as 'strict' })).rejects.toThrow(ConfigError)
  })

  it('sends SameSite=Strict where that was asked for', async () => {
    await using at = await legacyStage(({ session: own }) => Object.assign(own, { a: 1 }).a, {
      sessions: { sameSite: 'strict' },
      session: { cookie: { sameSite: 'strict' } },
    })
    expect((await at.browser().post('/')).cookies).toEqual([expect.stringContaining('; SameSite=Strict')])
  })

  it('gives no session to requests beside cookie.path, and the cookie to all', async () => {
    await using at = await legacyStage(
      ({ session: own }) => (own === undefined ? 'none' : Object.assign(own, { a: 1 }).a),
      {
        session: { cookie: { path: '/admin' } },
      },
    )
    const browser = at.browser()
    expect((await browser.post('/public')).text).toBe('"none"')
    const got = await browser.post('/admin/people')
    expect([got.text, got.cookies]).toEqual(['1', [expect.stringContaining('; Path=/;')]])
  })

  it('asks cookie() of each request, and answers 500 where it says what cannot be', async () => {
    const cookie = ({ path }: Request): object =>
      path === '/wrong' ? { httpOnly: false } : { maxAge: path === '/long' ? hour : 60_000 }
    await using at = await legacyStage(({ session: own }) => Object.assign(own, { a: 1 }).a, {
      session: { cookie: cookie as ExpressSessionOptions['cookie'] & object },
    })
    expect((await at.browser().post('/long')).cookies).toEqual([expect.stringContaining('Max-Age=3600;')])
    expect((await at.browser().post('/short')).cookies).toEqual([expect.stringContaining('Max-Age=60;')])
    expect(await at.browser().post('/wrong')).toMatchObject({ status: 500, text: 'ERR_CONFIG_INVALID' })
  })

  it('sends the cookie again with each response where it is rolling', async () => {
    const handle = ({ session: own }: { session: object }, what: string): unknown =>
      what === 'set' ? Object.assign(own, { n: Math.random() }) && 1 : 0
    await using rolling = await legacyStage(handle, { session: { rolling: true, cookie: { maxAge: hour } } })
    await using still = await legacyStage(handle, { session: { cookie: { maxAge: hour } } })
    await using short = await legacyStage(handle)
    const told = async (at: typeof rolling): Promise<number[]> => {
      const browser = at.browser()
      const counts: number[] = []
      for (const path of ['/look', '/set', '/look', '/set'])
        counts.push((await browser.post(path)).cookies.length)
      return counts
    }
    expect(await told(rolling)).toEqual([0, 1, 1, 1])
    // As in express-session: a persistent one is told again with what changed, one of the browser's only once.
    expect(await told(still)).toEqual([0, 1, 0, 1])
    expect(await told(short)).toEqual([0, 1, 0, 0])
  })

  it.each(['keep', 'destroy'] as const)('unset: %s says what req.session = null does', async (unset) => {
    await using at = await legacyStage(
      (request, what) => {
        if (what === 'set') request.session.a = 1
        if (what === 'unset') Object.assign(request, { session: null })
        if (what === 'delete') Reflect.deleteProperty(request, 'session')
        return request.session?.a
      },
      { session: { unset } },
    )
    for (const how of ['/unset', '/delete']) {
      const browser = at.browser()
      expect((await browser.post(how)).cookies).toEqual([])
      await browser.post('/set')
      const cookie = browser.cookie()
      await browser.post(how)
      expect(JSON.parse((await browser.get('/look', { cookie })).text)).toBe(unset === 'keep' ? 1 : null)
    }
    expect(await at.stored()).toBe(unset === 'keep' ? 2 : 0)
  })

  it('saves every session where saveUninitialized asks for it, with an id from the first handler on', async () => {
    await using at = await legacyStage(
      async (request, what) => {
        if (what === 'regenerate') await new Promise((done) => request.session.regenerate(done))
        if (what === 'destroy') await new Promise((done) => request.session.destroy(done))
        return request.sessionID
      },
      { session: { saveUninitialized: true } },
    )
    const browser = at.browser()
    const id = await browser.json('/')
    expect(id).toMatch(/^[\w-]{22}$/)
    expect([await browser.json('/'), await at.stored()]).toEqual([id, 1])
    const next = await browser.json('/regenerate')
    expect(next).not.toBe(id)
    expect([await browser.json('/'), await at.stored()]).toEqual([next, 1])
    // What began and ended within one request needs no cookie, and no removal of one.
    expect((await at.browser().post('/destroy')).cookies).toEqual([])
    expect(await at.stored()).toBe(1)
  })

  it('knows people by personOf under every option', async () => {
    await using at = await legacyStage(({ session: own }, what) => Object.assign(own, { user: what }).user, {
      session: { personOf, rolling: true, saveUninitialized: true, cookie: { maxAge: 14 * day } },
    })
    const browser = at.browser()
    await browser.post('/anna')
    expect(browser.cookie()).toMatch(/=v1\./)
    expect(await at.sessions.manager.listUser({ userId: 'anna', authenticator: 'app' })).toHaveLength(1)
  })
})
