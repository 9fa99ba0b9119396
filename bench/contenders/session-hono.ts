/** hono-sessions with a store that copies through JSON, in Redis or in memory; its own keeps the very objects. */
import { serve as listen } from '@hono/node-server'
import { Hono } from 'hono'
import { type Session, sessionMiddleware } from 'hono-sessions'
import { type AppSession, control, openRows, secret, serve } from './session-app.ts'

interface Data {
  user: string
  a: string
  b: string
}

const rows = await openRows()
const app = new Hono<{ Variables: { session: Session<Data>; session_key_rotation: boolean } }>()
const sessions = sessionMiddleware({
  store: {
    getSessionById: (id: string) => rows.get(id),
    createSession: (id: string, data: unknown) => rows.set(id, data),
    persistSessionData: (id: string, data: unknown) => rows.set(id, data),
    deleteSession: (id: string) => rows.delete(id),
  } as never,
  encryptionKey: secret,
  expireAfterSeconds: 900,
  cookieOptions: { sameSite: 'Lax', path: '/', httpOnly: true },
}) as never
app.get('/lean/who', sessions, (context) => context.json({ user: context.get('session').get('user') }))
app.get('/lean/value', sessions, async (context) => context.json({ a: context.get('session').get('a') }))
app.post('/lean/set', sessions, (context) => {
  context.get('session').set('a', context.req.query('n') ?? '')
  return context.json({ user: context.get('session').get('user') })
})
app.use(async (context, next) => {
  const answer = await control(context.req.url)
  if (answer !== null) return context.body(answer, 200, { 'content-type': 'application/json' })
  await next()
})
app.use(sessions)
app.all('*', async (context) => {
  const session = context.get('session')
  const own: AppSession = {
    user: () => session.get('user'),
    get: (key) => session.get(key as 'a'),
    set: (key, value) => session.set(key as 'a', value),
    signIn(user) {
      session.set('user', user)
      context.set('session_key_rotation', true)
    },
    signOut: () => session.deleteSession(),
    renew: () => context.set('session_key_rotation', true),
  }
  return context.body(await serve(context.req.url, own), 200, { 'content-type': 'application/json' })
})
listen({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) => console.log(port))
