import { createServer } from 'node:http'
import express, { type Request } from 'express'
import passport from 'passport'
import { Strategy } from 'passport-local'
import { describe, expect, it } from 'vitest'
import { type ExpressSessionOptions, session, type WithSession } from '../../src/adapters/express-session.ts'
import { createSessions } from '../../src/adapters/sessions.ts'
import { Clock, secret } from '../core/samples.ts'
import { watchedStore } from '../gateway/watched-store.ts'
import { Browser, origin } from './browser.ts'
import { started } from './test-server.ts'

interface Stage extends AsyncDisposable {
  readonly browser: () => Browser
  readonly store: ReturnType<typeof watchedStore>
  readonly revoke: (userId: string) => Promise<void>
}

type Handle = (request: Request & WithSession, query: Record<string, string>) => unknown

const done =
  (resolve: (value: string) => void, reject: (error: unknown) => void, text = 'done') =>
  (error?: unknown): void => {
    if (error === undefined || error === null) resolve(text)
    else reject(error)
  }

const routes: Readonly<Record<string, Handle>> = {
  '/all': ({ session: own }) => ({ ...own, cookie: undefined }),
  '/id': ({ sessionID }) => sessionID,
  '/set': ({ session: own }, query) => Object.assign(own, query) && 'set',
  '/push': ({ session: own }) => {
    own.list = [...((own.list as string[] | undefined) ?? []), 'x']
    ;(own.list as string[]).push('y')
    return 'pushed'
  },
  '/deep': ({ session: own }) => (own.list as string[]).push('z'),
  '/delete': ({ session: own }) => Reflect.deleteProperty(own, 'a'),
  '/save': ({ session: own }) =>
    new Promise((resolve, reject) => {
      own.a = 'saved'
      own.save(done(resolve, reject))
    }),
  '/regenerate': (request) =>
    new Promise((resolve, reject) => {
      const before = request.session
      before.regenerate((error) => {
        if (error !== undefined) return reject(error)
        request.session.fresh = request.session !== before
        resolve('new')
      })
    }),
  '/destroy': (request) =>
    new Promise((resolve, reject) => {
      request.session.destroy((error) => done(resolve, reject, String(request.session))(error))
    }),
  '/reload': (request) =>
    new Promise((resolve, reject) => {
      request.session.a = 'never saved'
      request.session.reload((error) => done(resolve, reject, String(request.session?.a))(error))
    }),
  '/date': ({ session: own }) => {
    own.at = new Date(0)
    own.nothing = undefined
    return own.touch() === own
  },
  '/fail': ({ session: own }) => {
    own.a = 'failed'
    throw new Error('The handler failed.')
  },
}

async function stage(options: ExpressSessionOptions = {}): Promise<Stage> {
  const clock = new Clock()
  const store = watchedStore(clock.now)
  const sessions = await createSessions<object>({ store: store.store, secret, origin, now: clock.now })
  const app = express()
  app.disable('etag')
  app.use(session(sessions, options))
  for (const [path, handle] of Object.entries(routes)) {
    app.all(path, async (request, response) => {
      const query = request.query as Record<string, string>
      response.json(await handle(request as unknown as Request & WithSession, query))
    })
  }

  passport.use(new Strategy((name, word, verified) => verified(null, word === 'kelp' && { id: name })))
  passport.serializeUser((user, stored) => stored(null, user.id))
  passport.deserializeUser((id, found) => found(null, { id }))
  app.use(express.urlencoded(), passport.initialize(), passport.session())
  app.post('/login', passport.authenticate('local'), (_, response) => {
    response.send('in')
  })
  app.post('/logout', (request, response, next) => {
    const { logout } = request as unknown as { logout(done: (error?: unknown) => void): void }
    logout.call(request, (error) => (error ? next(error) : response.send('out')))
  })
  app.get('/who', (request, response) => {
    response.json((request as { user?: object }).user ?? null)
  })
  const onError: express.ErrorRequestHandler = (_error, _request, response, _next) => {
    response.status(500).send('failed')
  }
  app.use(onError)
  const server = await started(createServer(app))
  return {
    browser: () => new Browser(server.port),
    store,
    revoke: (userId) => {
      const revoked = sessions.revokeUser(userId)
      clock.advance(2)
      return revoked
    },
    async [Symbol.asyncDispose]() {
      await server.close()
      await sessions.close()
    },
  }
}

function signIn(browser: Browser, name: string, word: string): ReturnType<Browser['get']> {
  return browser.post(`/login?username=${name}&password=${word}`)
}

describe('express-session', () => {
  it('keeps properties of req.session, changed ones within lists too, and drops deleted ones', async () => {
    await using at = await stage()
    const browser = at.browser()
    await browser.post('/set?a=1&b=2')
    await browser.post('/push')
    await browser.post('/deep')
    expect(await browser.json('/all')).toEqual({ a: '1', b: '2', list: ['x', 'y', 'z'] })
    await browser.post('/delete')
    expect(await browser.json('/all')).toEqual({ b: '2', list: ['x', 'y', 'z'] })
  })

  it('gives no cookie and writes nothing where nothing is set', async () => {
    await using at = await stage()
    const browser = at.browser()
    for (const path of ['/all', '/id', '/who', '/regenerate-not'])
      expect((await browser.get(path)).cookies).toEqual([])
    await browser.post('/set?a=1')
    const written = at.store.writes()
    for (let i = 0; i < 3; i++) await browser.json('/all')
    expect(at.store.writes()).toBe(written)
  })

  it('keeps what two requests set that overlap', async () => {
    await using at = await stage()
    const browser = at.browser()
    await browser.post('/set?z=0')
    await Promise.all(['a', 'b', 'c', 'd'].map((key) => browser.post(`/set?${key}=1`)))
    expect(await browser.json('/all')).toEqual({ a: '1', b: '1', c: '1', d: '1', z: '0' })
  })

  it('saves, reloads, regenerates and destroys', async () => {
    await using at = await stage()
    const browser = at.browser()
    await browser.post('/save')
    expect((await browser.post('/reload')).text).toBe('"saved"')
    const [old, oldId] = [browser.cookie(), await browser.json('/id')]
    await browser.post('/regenerate')
    expect(await browser.json('/all')).toEqual({ fresh: true })
    expect(browser.cookie()).not.toBe(old)
    expect(await browser.json('/id')).not.toBe(oldId)
    expect(JSON.parse((await browser.get('/all', { cookie: old })).text)).toEqual({})
    const last = browser.cookie()
    expect((await browser.post('/destroy')).text).toBe('"undefined"')
    expect(browser.cookie()).toBe('')
    expect(JSON.parse((await browser.get('/all', { cookie: last })).text)).toEqual({})
    expect((await browser.post('/reload')).status).toBe(500)
  })

  it('keeps values as JSON does, and what a failed request set', async () => {
    await using at = await stage()
    const browser = at.browser()
    expect((await browser.post('/date')).text).toBe('true')
    expect(await browser.json('/all')).toEqual({ at: '1970-01-01T00:00:00.000Z' })
  })

  it('answers 503 where the store is away, and touches no cookie', async () => {
    await using at = await stage()
    const browser = at.browser()
    await browser.post('/set?a=1')
    at.store.before = async (method) => {
      if (method === 'writeState') at.store.away = true
    }
    const lost = await browser.post('/set?a=2')
    expect([lost.status, lost.cookies]).toEqual([503, []])
    expect((await browser.get('/all')).status).toBe(503)
    at.store.before = null
    at.store.away = false
    expect(await browser.json('/all')).toEqual({ a: '1' })
  })

  it('signs in and out by Passport, with a new session each time', async () => {
    await using at = await stage()
    const browser = at.browser()
    await browser.post('/set?a=1')
    const before = browser.cookie()
    expect((await signIn(browser, 'anna', 'wrong')).status).toBe(401)
    expect((await signIn(browser, 'anna', 'kelp')).status).toBe(200)
    expect(browser.cookie()).not.toBe(before)
    expect(await browser.json('/who')).toEqual({ id: 'anna' })
    expect(JSON.parse((await browser.get('/who', { cookie: before })).text)).toBeNull()
    const inside = browser.cookie()
    expect((await browser.post('/logout')).text).toBe('out')
    expect(JSON.parse((await browser.get('/who', { cookie: inside })).text)).toBeNull()
    expect(await browser.json('/who')).toBeNull()
  })

  it('makes of a sign-in by Passport one that can be revoked', async () => {
    await using at = await stage({
      personOf: ({ passport: own }) => {
        const { user } = (own ?? {}) as { user?: string }
        return user === undefined ? null : { userId: user }
      },
    })
    const [desk, phone] = [at.browser(), at.browser()]
    await signIn(desk, 'anna', 'kelp')
    await signIn(phone, 'anna', 'kelp')
    expect(desk.cookie()).toMatch(/=v1\./)
    expect(await phone.json('/who')).toEqual({ id: 'anna' })
    await at.revoke('anna')
    expect(await desk.json('/who')).toBeNull()
    expect(await phone.json('/who')).toBeNull()
    await signIn(desk, 'ben', 'kelp')
    await desk.post('/logout')
    expect(await desk.json('/who')).toBeNull()
  })
})
