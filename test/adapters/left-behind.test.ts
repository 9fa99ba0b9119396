import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Request, Response } from 'express'
import { describe, expect, it } from 'vitest'
import { session } from '../../src/adapters/express-session.ts'
import { fetchRequest } from '../../src/adapters/fetch.ts'
import { holdResponse } from '../../src/adapters/held-response.ts'
import { createSessions } from '../../src/adapters/index.ts'
import { nodeRequest } from '../../src/adapters/node-request.ts'
import { memoryStore } from '../../src/stores/memory.ts'

setFlagsFromString('--expose-gc')
const collect: (options?: { readonly type: 'minor' }) => void = runInNewContext('gc')

const url = 'http://localhost:3000/'
const sessions = await createSessions({
  store: memoryStore(),
  secret: 'a secret for tests that is 32 bytes long or more',
  origin: 'http://localhost:3000',
})
const legacy = session(sessions)

// One for all: a socket waits for a full collection itself.
const socket = new Socket()

function exchange(): { readonly request: IncomingMessage; readonly response: ServerResponse } {
  const request = new IncomingMessage(socket)
  request.url = '/'
  request.method = 'GET'
  return { request, response: new ServerResponse(request) }
}

/** Bytes a call that a collection of young objects leaves, as what holds on to the old does. */
async function leftBehind(call: () => unknown): Promise<number> {
  const calls = 4_000
  // Once for the code itself: it is compiled, and its own shapes are made.
  for (let n = 0; n < calls; n++) await call()
  collect()
  const before = process.memoryUsage().heapUsed
  for (let n = 0; n < calls; n++) await call()
  // What is asynchronous in it is done.
  await new Promise(setImmediate)
  collect({ type: 'minor' })
  // Survivors of the first are kept until they are old.
  collect({ type: 'minor' })
  return (process.memoryUsage().heapUsed - before) / calls
}

// A hidden class for each object takes 500 bytes of the old generation, and all that reads the object is slow. An object with
// a function of its own is kept whole, with all it leads to.
describe('what a request leaves behind until the next full collection', () => {
  it.each<[string, () => unknown]>([
    ['reading a request of node:http', () => nodeRequest(exchange().request).address],
    ['reading a fetch request', () => fetchRequest(new Request(url), '').method],
    [
      'a response that is held',
      () => {
        const { response } = exchange()
        holdResponse(response, { settle: async () => ({ cookies: [], answer: null }), onError: () => {} })
        return response.headersSent
      },
    ],
    [
      'req.session as express-session has it',
      () =>
        new Promise((resolve) => {
          const { request, response } = exchange()
          legacy(request as Request, response as Response, resolve)
        }),
    ],
  ])('%s: nothing', async (_, call) => {
    expect(await leftBehind(call)).toBeLessThan(100)
  })
})
