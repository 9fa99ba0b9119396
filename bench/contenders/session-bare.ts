/**
 * The frameworks without any session: what all others are held against. With a second word there is a middleware that does
 * nothing: no session can cost less.
 */
import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'

const answer = { user: 'anna' }
const [framework, hasMiddleware] = (process.argv[2] ?? '').split(' ')

if (framework === 'express') {
  const app = express().disable('etag')
  if (hasMiddleware) app.use((_request, _response, next) => next())
  app.all('/lean/:what', (_, response) => {
    response.json(answer)
  })
  const server = app.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port))
} else if (framework === 'fastify') {
  const app = fastify({ keepAliveTimeout: 60_000 })
  if (hasMiddleware) app.addHook('onRequest', (_request, _reply, next) => next())
  app.all('/lean/:what', async () => answer)
  await app.listen({ port: 0, host: '127.0.0.1' })
  console.log((app.server.address() as AddressInfo).port)
} else {
  const app = new Hono()
  if (hasMiddleware) app.use(async (_context, next) => next())
  app.all('/lean/:what', (context) => context.json(answer))
  serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) => console.log(port))
}
