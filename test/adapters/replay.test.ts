import { once } from 'node:events'
import { createServer, get } from 'node:http'
import { text } from 'node:stream/consumers'
import express from 'express'
import { describe, expect, it } from 'vitest'
import { expressSessions } from '../../src/adapters/express.ts'
import { session } from '../../src/adapters/express-session.ts'
import { holdResponse } from '../../src/adapters/held-response.ts'
import { createSessions, type Sessions } from '../../src/adapters/sessions.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { secret } from '../core/samples.ts'
import { Browser, origin } from './browser.ts'
import { started, type TestServer } from './test-server.ts'

/** Handlers that set something, and then make Node throw: at `/go` for the header, at `/write` and `/end` for the body. */
function app(sessions: Sessions<Record<string, unknown>>, isLegacy: boolean): Promise<TestServer> {
  const { middleware, sessionOf } = expressSessions(sessions)
  const made = express()
  made.use(isLegacy ? session(sessions) : middleware)
  made.use((request, response, next) => {
    if (isLegacy) Object.assign((request as unknown as { session: object }).session, { last: 1 })
    else sessionOf(request).set('last', 1)
    const target = String(request.query.next)
    if (request.path === '/go') response.writeHead(302, { Location: target }).end()
    else if (request.path === '/write') response.write(42 as never) || response.end()
    else if (request.path === '/end') response.end(42 as never)
    else if (request.path === '/late') response.writeHead(200).write(42 as never)
    else next()
  })
  const onError: express.ErrorRequestHandler = (error, _request, response, next) => {
    if (response.headersSent) next(error)
    else response.status(500).send(error.code)
  }
  return started(createServer(made.use(onError)))
}

describe.each([
  ['Express', false],
  ['express-session', true],
])('%s: what a held response is told, however wrong', (_, isLegacy) => {
  it.each([
    ['/go?next=%E2%82%AC', 'ERR_INVALID_CHAR'],
    ['/go?next=%0D%0ASet-Cookie:%20a=1', 'ERR_INVALID_CHAR'],
    ['/write', 'ERR_INVALID_ARG_TYPE'],
    ['/end', 'ERR_INVALID_ARG_TYPE'],
  ])('is answered by the error handler, and ends no process: %s', async (path, code) => {
    const sessions = await createSessions({ store: memoryStore(), secret, origin })
    const server = await app(sessions, isLegacy)
    const { status, text: body } = await new Browser(server.port).get(path)
    expect([status, body]).toEqual([500, code])
    await server.close()
    await sessions.close()
  })

  it('breaks the connection where the head is sent already', async () => {
    const sessions = await createSessions({ store: memoryStore(), secret, origin })
    const server = await app(sessions, isLegacy)
    const asked = get({ host: '127.0.0.1', port: server.port, path: '/late', agent: false })
    await once(asked, 'error')
    expect((await new Browser(server.port).get('/nothing')).status).toBe(404)
    await server.close()
    await sessions.close()
  })
})

describe('a held response that could not be kept', () => {
  it('P3: carries the cookie that is due, past every cache, whatever head the error handler writes', async () => {
    const server = createServer((_, response) => {
      holdResponse(response, {
        settle: async () => ({ cookies: ['a=1'], answer: null }),
        onError: () =>
          response
            .writeHead(500, { 'Set-Cookie': 'b=2', 'Cache-Control': 'public, max-age=60' })
            .end('refused'),
      })
      response.end(42 as never)
    })
    const { port, close } = await started(server)
    const { status, cookies, headers } = await new Browser(port).get('/')
    await close()
    expect([status, cookies, headers.get('cache-control')]).toEqual([
      ...[500, ['b=2', 'a=1']],
      'private, no-store',
    ])
  })

  it('is the error handler’s, whatever its first writer writes afterwards', async () => {
    const ended = Promise.withResolvers<void>()
    const server = createServer((_, response) => {
      holdResponse(response, {
        settle: () => Promise.reject(new Error('too large')),
        onError() {
          response.statusCode = 500
          response.end('refused')
          response.write('more')
          response.end('and more')
          ended.resolve()
        },
      })
      response.writeHead(201, 'Well done', { 'Content-Length': 4000, 'X-Own': 'yes' })
      response.write('first')
    })
    const { port, close } = await started(server)
    const asked = get({ host: '127.0.0.1', port, agent: false })
    const [answer] = await once(asked, 'response')
    await ended.promise
    expect([answer.statusCode, answer.statusMessage, answer.headers['x-own'], await text(answer)]).toEqual([
      ...[500, 'Internal Server Error', undefined],
      'refused',
    ])
    await close()
  })
})
