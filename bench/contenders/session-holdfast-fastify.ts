/** Holdfast in Fastify, in Redis or in memory. */
import type { AddressInfo } from 'node:net'
import fastify from 'fastify'
import { fastifySessions } from '../../src/adapters/fastify.ts'
import { control, serve } from './session-app.ts'
import { appSession, sessions } from './session-holdfast.ts'

const { plugin, sessionOf } = fastifySessions(sessions)
const app = fastify({ keepAliveTimeout: 60_000 })
app.addHook('onRequest', async (request, reply) => {
  if (request.originalUrl.startsWith('/lean/')) return
  const answer = await control(request.originalUrl)
  if (answer !== null) return reply.type('application/json').send(answer)
})
await app.register(plugin as never)
app.get('/lean/who', async (request) => ({ user: sessionOf(request as never).identity?.userId }))
app.get('/lean/value', async (request) => ({ a: await sessionOf(request as never).get('a') }))
app.post('/lean/set', async (request) => {
  sessionOf(request as never).set('a', String((request.query as { n: string }).n))
  return { user: sessionOf(request as never).identity?.userId }
})
app.all('*', async (request, reply) => {
  const session = sessionOf(request as never)
  return reply.type('application/json').send(await serve(request.originalUrl, appSession(session)))
})
await app.listen({ port: 0, host: '127.0.0.1' })
console.log((app.server.address() as AddressInfo).port)
