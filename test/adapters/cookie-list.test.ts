import { createServer } from 'node:http'
import express from 'express'
import { fastify } from 'fastify'
import { describe, expect, it } from 'vitest'
import { expressSessions } from '../../src/adapters/express.ts'
import { fastifySessions } from '../../src/adapters/fastify.ts'
import { createSessions, type Sessions } from '../../src/adapters/sessions.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { secret } from '../core/samples.ts'
import { Browser, origin } from './browser.ts'
import { started, type TestServer } from './test-server.ts'

/** Starts an app that sends the list with a response whose session is kept, and one that is not. */
type Start = (
  sessions: Sessions<Record<string, unknown>>,
  list: string[],
  control: string,
) => Promise<TestServer>

const onExpress: Start = (sessions, list, control) => {
  const { middleware, sessionOf } = expressSessions(sessions)
  const app = express().use(middleware)
  app.get('/set', (request, response) => {
    sessionOf(request).set('a', 1)
    response.setHeader('Set-Cookie', list).setHeader('Cache-Control', control).send('set')
  })
  app.get('/head', (request, response) => {
    sessionOf(request).set('a', 1)
    response.writeHead(200, { 'Set-Cookie': list, 'Cache-Control': control }).end('set')
  })
  app.get('/plain', (_, response) => void response.setHeader('Set-Cookie', list).send('plain'))
  return started(createServer(app))
}

const onFastify: Start = async (sessions, list, control) => {
  const { plugin, sessionOf } = fastifySessions(sessions)
  const app = fastify()
  await app.register(plugin)
  for (const path of ['/set', '/head'])
    app.get(path, (request, reply) => {
      sessionOf(request).set('a', 1)
      return reply.header('set-cookie', list).header('cache-control', control).send('set')
    })
  app.get('/plain', (_, reply) => reply.header('set-cookie', list).send('plain'))
  await app.listen({ port: 0, host: '127.0.0.1' })
  return started(app.server, () => app.close())
}

describe.each([
  ['Express', onExpress],
  ['Fastify', onFastify],
])('%s', (_, start) => {
  it.each(['/set', '/head'])(
    'P3: puts nobody’s session into a list of cookies that the app sends to everybody: %s',
    async (path) => {
      const sessions = await createSessions({ store: memoryStore(), secret, origin })
      const list = ['theme=dark']
      const server = await start(sessions, list, 'public, max-age=60')
      const own = await new Browser(server.port).get(path)
      const others = await new Browser(server.port).get('/plain')
      await server.close()
      await sessions.close()
      expect(own.cookies).toEqual(['theme=dark', expect.stringContaining('__Host-')])
      expect(own.headers.get('cache-control')).toBe('private, no-store')
      expect(others.cookies).toEqual(['theme=dark'])
      expect(list).toEqual(['theme=dark'])
    },
  )
})
