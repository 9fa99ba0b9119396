/** Holdfast in Fastify, on its memory store. */
import type { AddressInfo } from 'node:net'
import fastify from 'fastify'
import { fastifySessions } from '../../src/adapters/fastify.ts'
import { control, serve } from './session-app.ts'
import { appSession, sessions } from './session-holdfast.ts'

const { plugin, sessionOf } = fastifySessions(sessions)
const app = fastify({ keepAliveTimeout: 60_000 })
app.addHook('onRequest', async (request, reply) => {
  const answer = await control(request.originalUrl)
  if (answer !== null) return reply.type('application/json').send(answer)
})
await app.register(plugin as never)
app.all('*', async (request, reply) => {
  const session = sessionOf(request as never)
  return reply.type('application/json').send(await serve(request.originalUrl, appSession(session)))
})
await app.listen({ port: 0, host: '127.0.0.1' })
console.log((app.server.address() as AddressInfo).port)
