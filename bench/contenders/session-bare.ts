/** The frameworks without any session: what all others are held against. */
import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'

const answer = { user: 'anna' }

if (process.argv[2] === 'express') {
  const app = express().disable('etag')
  app.all('/lean/:what', (_, response) => {
    response.json(answer)
  })
  const server = app.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port))
} else if (process.argv[2] === 'fastify') {
  const app = fastify({ keepAliveTimeout: 60_000 })
  app.all('/lean/:what', async () => answer)
  await app.listen({ port: 0, host: '127.0.0.1' })
  console.log((app.server.address() as AddressInfo).port)
} else {
  const app = new Hono().all('/lean/:what', (context) => context.json(answer))
  serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) => console.log(port))
}
