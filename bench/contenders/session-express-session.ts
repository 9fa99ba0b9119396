/** express-session with connect-redis, or its own memory store, which copies through JSON. */
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import { RedisStore } from 'connect-redis'
import express from 'express'
import session from 'express-session'
import { createClient } from 'redis'
import { type AppSession, control, redisUrl, secret, serve } from './session-app.ts'

declare module 'express-session' {
  interface SessionData {
    user: string
    a?: string
    b?: string
  }
}

const app = express()
app.disable('etag')
const store =
  redisUrl === ''
    ? new session.MemoryStore()
    : new RedisStore({ client: await createClient({ url: redisUrl }).connect() })
const sessions = session({ secret, store, resave: false, saveUninitialized: false })
app.get('/lean/who', sessions, (request, response) => {
  response.json({ user: request.session.user })
})
app.get('/lean/value', sessions, (request, response) => {
  response.json({ a: request.session.a })
})
app.post('/lean/set', sessions, (request, response) => {
  request.session.a = String(request.query.n)
  response.json({ user: request.session.user })
})
app.use(async (request, response, next) => {
  const answer = await control(request.originalUrl)
  if (answer === null) next()
  else response.type('json').send(answer)
})
app.use(sessions)
app.use(async (request, response) => {
  const regenerate = (): Promise<void> =>
    promisify((done: (error?: unknown) => void) => request.session.regenerate(done))()
  const own: AppSession = {
    user: () => request.session?.user ?? null,
    get: (key) => request.session[key as 'a'],
    set(key, value) {
      request.session[key as 'a'] = value
    },
    async signIn(user) {
      await regenerate()
      request.session.user = user
    },
    signOut: () => promisify((done: (error?: unknown) => void) => request.session.destroy(done))(),
    async renew() {
      const { user } = request.session
      await regenerate()
      if (user !== undefined) request.session.user = user
    },
  }
  response.type('json').send(await serve(request.originalUrl, own))
})
const server = app.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port))
