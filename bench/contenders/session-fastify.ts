/** @fastify/session with a store that copies through JSON, in Redis or in memory; its own keeps the very objects. */
import type { AddressInfo } from 'node:net'
import cookie from '@fastify/cookie'
import session, { type FastifySessionObject } from '@fastify/session'
import fastify from 'fastify'
import { type AppSession, control, openRows, secret, serve } from './session-app.ts'

declare module 'fastify' {
  interface Session {
    user?: string
    a?: string
    b?: string
  }
}

const rows = await openRows()
type Done = (error: unknown, value?: unknown) => void
const store = {
  get: (id: string, done: Done) => void rows.get(id).then((row) => done(null, row), done),
  set: (id: string, value: FastifySessionObject, done: Done) =>
    void rows.set(id, value).then(() => done(null), done),
  destroy: (id: string, done: Done) => void rows.delete(id).then(() => done(null), done),
}

const app = fastify({ keepAliveTimeout: 60_000 })
app.addHook('onRequest', async (request, reply) => {
  if (request.originalUrl.startsWith('/lean/')) return
  const answer = await control(request.originalUrl)
  if (answer !== null) return reply.type('application/json').send(answer)
})
await app.register(cookie)
await app.register(session, {
  secret,
  store: store as never,
  saveUninitialized: false,
  cookie: { secure: false },
})
app.get('/lean/who', async (request) => ({ user: request.session.user }))
app.get('/lean/value', async (request) => ({ a: request.session.a }))
app.post('/lean/set', async (request) => {
  request.session.a = String((request.query as { n: string }).n)
  return { user: request.session.user }
})
app.all('*', async (request, reply) => {
  const own: AppSession = {
    user: () => request.session?.user ?? null,
    get: (key) => request.session[key as 'a'],
    set(key, value) {
      request.session[key as 'a'] = value
    },
    async signIn(user) {
      await request.session.regenerate()
      request.session.user = user
    },
    signOut: () => request.session.destroy(),
    renew: () => request.session.regenerate(['user', 'a', 'b']),
  }
  return reply.type('application/json').send(await serve(request.originalUrl, own))
})
await app.listen({ port: 0, host: '127.0.0.1' })
console.log((app.server.address() as AddressInfo).port)
