import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { holdResponse } from '../../src/adapters/held-response.ts'
import type { Outgoing } from '../../src/adapters/incoming.ts'

interface Served {
  readonly status: number
  readonly text: string
  readonly headers: Headers
}

/** What a client gets of a response that is held for a moment, and then let go or replaced. */
async function served(
  handle: (response: ServerResponse) => void,
  outgoing: Outgoing = { cookies: ['a=1'], answer: null },
): Promise<Served> {
  const server = createServer((_, response) => {
    holdResponse(response, {
      async settle() {
        await new Promise(setImmediate)
        return outgoing
      },
      onError: () => response.destroy(),
    })
    handle(response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
    return { status: response.status, text: await response.text(), headers: response.headers }
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

describe('holdResponse', () => {
  it('keeps the order of what is written, and the headers that were given with the status', async () => {
    const { status, text, headers } = await served((response) => {
      response.writeHead(201, { 'x-own': 'yes' })
      response.write('one ')
      response.write('two ')
      response.end('three')
    })
    expect([status, text, headers.get('x-own'), headers.getSetCookie()]).toEqual([
      201,
      'one two three',
      'yes',
      ['a=1'],
    ])
  })

  it('tells the writer to wait, and when to go on', async () => {
    const { text } = await served((response) => {
      expect(response.write('first ')).toBe(false)
      response.once('drain', () => response.end('then'))
    })
    expect(text).toBe('first then')
  })

  it('says that the headers are gone from where the handler began', async () => {
    const seen: boolean[] = []
    await served((response) => {
      seen.push(response.headersSent)
      response.end('x')
      seen.push(response.headersSent)
    })
    expect(seen).toEqual([false, true])
  })

  it('lets nothing come after the end, which would end the process', async () => {
    const { text } = await served((response) => {
      response.end('all')
      response.write('more')
      response.end('and more')
    })
    expect(text).toBe('all')
  })

  it('sends the answer in place of the response, and nothing of that', async () => {
    const { status, text, headers } = await served(
      (response) => {
        response.setHeader('set-cookie', 'b=2')
        response.setHeader('etag', '"x"')
        response.write('secret ')
        setTimeout(() => response.end('and more'), 20)
      },
      { cookies: [], answer: { status: 503, headers: { 'retry-after': '5' }, body: 'later' } },
    )
    expect([status, text, headers.get('etag'), headers.getSetCookie(), headers.get('retry-after')]).toEqual([
      503,
      'later',
      null,
      [],
      '5',
    ])
  })

  it('lets no header change once the response was ended, as Node does: its length would belong to another body', async () => {
    let thrown: unknown
    const { status, text, headers } = await served((response) => {
      response.end('done')
      try {
        response.setHeader('content-length', '40')
      } catch (error) {
        thrown = error
      }
    })
    expect([status, text, headers.getSetCookie()]).toEqual([200, 'done', ['a=1']])
    expect(thrown).toMatchObject({ code: 'ERR_HTTP_HEADERS_SENT' })
  })

  it('begins once, however often a wrapper around it says so that sees no header sent', async () => {
    const { status, text, headers } = await served((response) => {
      // As compression does, whose writer asks for the headers with each piece.
      response.writeHead(201, { 'x-own': 'yes' })
      response.writeHead(201)
      response.end('once')
    })
    expect([status, text, headers.get('x-own')]).toEqual([201, 'once', 'yes'])
  })

  it('may be held twice, as where two apps stand one behind the other: both tell their cookies', async () => {
    const seen: boolean[] = []
    const { status, text, headers } = await served((response) => {
      holdResponse(response, {
        async settle() {
          await new Promise(setImmediate)
          return { cookies: ['b=2'], answer: null }
        },
        onError: () => response.destroy(),
      })
      seen.push(response.headersSent)
      response.writeHead(201, { 'x-own': 'yes' })
      seen.push(response.headersSent)
      expect(() => response.setHeader('x-late', '1')).toThrow()
      response.write('one ')
      response.end('two')
    })
    expect(seen).toEqual([false, true])
    expect([status, text, headers.get('x-own'), headers.getSetCookie()]).toEqual([
      201,
      'one two',
      'yes',
      ['b=2', 'a=1'],
    ])
  })
})
