import { createServer } from 'node:http'
import express from 'express'
import { fastify } from 'fastify'
import { describe, expect, it } from 'vitest'
import { expressSessions } from '../../src/adapters/express.ts'
import { fastifySessions } from '../../src/adapters/fastify.ts'
import { fetchSessions } from '../../src/adapters/fetch.ts'
import { createSessions, type Sessions } from '../../src/adapters/sessions.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { secret } from '../core/samples.ts'
import { Browser, origin } from './browser.ts'
import { servers } from './servers.ts'
import { stage } from './stage.ts'
import { started } from './test-server.ts'

describe.each(Object.entries(servers))('%s', (_, start) => {
  it.each([
    ['that throws', '/half'],
    ['whose value is too large', '/half?large'],
  ])('P2: tells the cookie of a sign-in with the error of a handler %s', async (_what, path) => {
    await using at = await stage(start)
    const browser = at.browser()
    await browser.post('/set?theme=dark')
    const { status, text, cookies, headers } = await browser.post(path)
    expect([status, text, cookies.length]).toEqual([500, 'the handler failed', 1])
    expect(headers.get('cache-control')).toBe('private, no-store')
    expect([await browser.user(), await browser.json('/get')]).toEqual(['anna', 'dark'])
  })

  it('saves nothing of a request whose one value is too large, and answers the next', async () => {
    await using at = await stage(start)
    const browser = at.browser()
    await browser.post('/set?theme=dark')
    expect((await browser.post('/large')).status).toBe(500)
    expect(await browser.json('/entries')).toEqual([['theme', 'dark']])
  })
})

describe('an error page that asks caches to keep it', () => {
  const control = 'public, max-age=60'
  const fail = async (session: { signIn: (who: { userId: string }) => unknown; set: unknown }) => {
    await session.signIn({ userId: 'anna' })
    const { set } = session as { set: (key: string, value: unknown) => void }
    set.call(session, 'large', 'x'.repeat(2 * 1024 * 1024))
  }

  it.each<readonly [string, (sessions: Sessions) => ReturnType<typeof started>]>([
    [
      'Express',
      (sessions) => {
        const { middleware, sessionOf } = expressSessions(sessions)
        const app = express().use(middleware)
        app.post('/', async (request, response) => {
          await fail(sessionOf(request))
          response.send('done')
        })
        const onError: express.ErrorRequestHandler = (_error, _request, response, _next) => {
          response.status(500).set('Cache-Control', control).send('failed')
        }
        return started(createServer(app.use(onError)))
      },
    ],
    [
      'Fastify',
      async (sessions) => {
        const { plugin, sessionOf } = fastifySessions(sessions)
        const app = fastify()
        await app.register(plugin)
        app.setErrorHandler((_, __, reply) => reply.code(500).header('cache-control', control).send('failed'))
        app.post('/', async (request) => {
          await fail(sessionOf(request))
          return 'done'
        })
        await app.listen({ port: 0, host: '127.0.0.1' })
        return started(app.server, () => app.close())
      },
    ],
  ])('P3: is kept by none where it tells a cookie: %s', async (_, start) => {
    const sessions = await createSessions({ store: memoryStore(), secret, origin })
    const server = await start(sessions)
    const { status, text, cookies, headers } = await new Browser(server.port).post('/')
    await server.close()
    await sessions.close()
    expect([status, text, cookies.length, headers.get('cache-control')]).toEqual([
      ...[500, 'failed', 1],
      'private, no-store',
    ])
  })
})

describe('fetch', () => {
  it('tells the cookie with a response that the handler throws, as it is thrown', async () => {
    const sessions = await createSessions({ store: memoryStore(), secret, origin })
    const { respond } = fetchSessions(sessions)
    const thrown = await respond(new Request(`${origin}/`), async (session) => {
      await session.signIn({ userId: 'anna' })
      throw Response.redirect(`${origin}/home`, 303)
    }).catch((error: unknown) => error)
    await sessions.close()
    if (!(thrown instanceof Response)) throw new Error('No response was thrown.')
    expect([thrown.status, thrown.headers.get('location')]).toEqual([303, `${origin}/home`])
    expect(thrown.headers.getSetCookie()).toHaveLength(1)
    expect(thrown.headers.get('cache-control')).toBe('private, no-store')
  })

  it('leaves an error to the framework where nobody says what to answer', async () => {
    const sessions = await createSessions({ store: memoryStore(), secret, origin })
    const { respond } = fetchSessions(sessions)
    const own = new Error('the app’s own')
    const asked = respond(new Request(`${origin}/`), async (session) => {
      session.set('a', 1)
      throw own
    })
    await expect(asked).rejects.toBe(own)
    await sessions.close()
  })
})
