/** Holdfast in Hono, in Redis or in memory. */
import { serve as listen } from '@hono/node-server'
import { Hono } from 'hono'
import { honoSessions } from '../../src/adapters/hono.ts'
import { control, serve } from './session-app.ts'
import { appSession, sessions } from './session-holdfast.ts'

const { middleware } = honoSessions(sessions)
const app = new Hono()
app.get('/lean/who', middleware as never, (context) =>
  context.json({ user: context.get('session' as never).identity?.userId }),
)
app.get('/lean/value', middleware as never, async (context) =>
  context.json({ a: await context.get('session' as never).get('a') }),
)
app.post('/lean/set', middleware as never, (context) => {
  context.get('session' as never).set('a', context.req.query('n') ?? '')
  return context.json({ user: context.get('session' as never).identity?.userId })
})
app.use(async (context, next) => {
  const answer = await control(context.req.url)
  if (answer !== null) return context.body(answer, 200, { 'content-type': 'application/json' })
  await next()
})
app.use(middleware as never)
app.all('*', async (context) => {
  const session = context.get('session' as never)
  return context.body(await serve(context.req.url, appSession(session)), 200, {
    'content-type': 'application/json',
  })
})
listen({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) => console.log(port))
