/** The app of `routes.ts` on a real socket, by each adapter. */
import { createServer, type Server } from 'node:http'
import { Readable } from 'node:stream'
import { getRequestListener, serve, upgradeWebSocket } from '@hono/node-server'
import express from 'express'
import { fastify } from 'fastify'
import { Hono } from 'hono'
import { type WebSocket, WebSocketServer } from 'ws'
import { expressSessions } from '../../src/adapters/express.ts'
import { fastifySessions } from '../../src/adapters/fastify.ts'
import { fetchSessions } from '../../src/adapters/fetch.ts'
import { honoSessions } from '../../src/adapters/hono.ts'
import { upgradeSession } from '../../src/adapters/node-upgrade.ts'
import type { RequestSession } from '../../src/adapters/request-session.ts'
import type { Sessions } from '../../src/adapters/sessions.ts'
import { type Call, type Data, type Gates, guarded, type Reply, routes } from './routes.ts'
import { started, type TestServer } from './test-server.ts'

export type StartServer = (sessions: Sessions<Data>, gates: Gates) => Promise<TestServer>

function callOf(url: string, session: RequestSession<Data>): Call {
  const { pathname, searchParams } = new URL(url, 'http://app')
  return { path: pathname, query: searchParams, session }
}

async function reply(call: Call, gates: Gates): Promise<Reply> {
  if (guarded[call.path] !== undefined) return { body: `for ${call.session.identity?.userId}` }
  const route = routes[call.path]
  return route === undefined ? { status: 404, body: 'nothing' } : route(call, gates)
}

/** Says hello, and ends with its session. */
function talk(socket: WebSocket, session: RequestSession<Data>): void {
  socket.on(
    'close',
    session.hold((reason) => socket.close(4401, reason)),
  )
  socket.send(`hello ${session.identity?.userId}`)
}

/** WebSockets as every server on `node:http` has them. */
function withUpgrades(server: Server, sessions: Sessions<Data>): Server {
  const sockets = new WebSocketServer({ noServer: true })
  server.on('upgrade', (request, socket, head) => {
    upgradeSession(sessions, request, socket).then(
      (session) => {
        if (session === null) return
        sockets.handleUpgrade(request, socket, head, (webSocket) => talk(webSocket, session))
      },
      () => socket.destroy(),
    )
  })
  return server
}

const startFetch: StartServer = (sessions, gates) => {
  const { withSession, requireSignIn } = fetchSessions(sessions, {
    onError: () => new Response('the handler failed', { status: 500 }),
  })
  const handler = withSession(async (request, session) => {
    const call = callOf(request.url, session)
    const options = guarded[call.path]
    const refused = options === undefined ? null : requireSignIn(session, options)
    if (refused !== null) return refused
    const { status = 200, headers = {}, body = null } = await reply(call, gates)
    const isStream = body !== null && typeof body !== 'string'
    return new Response(isStream ? (Readable.toWeb(Readable.from(body)) as ReadableStream) : body, {
      status,
      headers,
    })
  })
  const listener = getRequestListener(handler)
  const server = createServer((request, response) => void listener(request, response))
  return started(withUpgrades(server, sessions))
}

const startHono: StartServer = async (sessions, gates) => {
  const { middleware, requireSignIn } = honoSessions(sessions)
  const app = new Hono().use(middleware)
  for (const [path, options] of Object.entries(guarded)) app.use(path, requireSignIn(options))
  app.get(
    '/socket',
    requireSignIn(),
    upgradeWebSocket((context) => ({
      onOpen: (_, socket) => talk(socket.raw as WebSocket, context.get('session')),
    })),
  )
  app.onError((_, context) => context.text('the handler failed', 500))
  app.all('*', async (context) => {
    const {
      status = 200,
      headers = {},
      body = null,
    } = await reply(callOf(context.req.url, context.get('session')), gates)
    const isStream = body !== null && typeof body !== 'string'
    return new Response(isStream ? (Readable.toWeb(Readable.from(body)) as ReadableStream) : body, {
      status,
      headers,
    })
  })
  const listening = Promise.withResolvers<void>()
  const server = serve(
    {
      fetch: app.fetch,
      port: 0,
      hostname: '127.0.0.1',
      // Its types ask for a listener that ws does not declare.
      websocket: { server: new WebSocketServer({ noServer: true }) as never },
    },
    () => listening.resolve(),
  )
  await listening.promise
  return started(server as Server)
}

const startExpress: StartServer = (sessions, gates) => {
  const { middleware, requireSignIn, sessionOf } = expressSessions(sessions)
  const app = express()
  app.use(middleware)
  for (const [path, options] of Object.entries(guarded)) app.use(path, requireSignIn(options))
  app.use(async (request, response) => {
    const {
      status = 200,
      headers = {},
      body,
    } = await reply(callOf(request.originalUrl, sessionOf(request)), gates)
    response.status(status).set(headers)
    if (body === undefined) response.end()
    else if (typeof body === 'string') response.send(body)
    else Readable.from(body).pipe(response)
  })
  const onError: express.ErrorRequestHandler = (_error, _request, response, _next) => {
    response.status(500).type('text').send('the handler failed')
  }
  app.use(onError)
  return started(withUpgrades(createServer(app), sessions))
}

const startFastify: StartServer = async (sessions, gates) => {
  const { plugin, requireSignIn, sessionOf } = fastifySessions(sessions)
  const app = fastify()
  await app.register(plugin)
  app.setErrorHandler((_, __, answer) => answer.code(500).send('the handler failed'))
  for (const [path, options] of Object.entries(guarded)) {
    app.get(path, { preHandler: requireSignIn(options) }, async (request) => {
      const { body } = await reply(callOf(request.originalUrl, sessionOf(request)), gates)
      return body
    })
  }
  app.all('*', async (request, answer) => {
    const {
      status = 200,
      headers = {},
      body,
    } = await reply(callOf(request.originalUrl, sessionOf(request)), gates)
    answer.code(status).headers(headers)
    return answer.send(body === undefined || typeof body === 'string' ? body : Readable.from(body))
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  return started(withUpgrades(app.server, sessions), () => app.close())
}

export const servers: Readonly<Record<'fetch' | 'Hono' | 'Express 5' | 'Fastify 5', StartServer>> = {
  fetch: startFetch,
  Hono: startHono,
  'Express 5': startExpress,
  'Fastify 5': startFastify,
}
