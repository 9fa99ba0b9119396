import { once } from 'node:events'
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { holdResponse } from '../../src/adapters/held-response.ts'

interface Told {
  readonly status: number
  readonly message: string
  readonly headers: Readonly<Record<string, readonly string[]>>
  readonly body: string
  /** What the handler heard. */
  readonly code: string | null
}

type Handle = (response: ServerResponse) => unknown

/** What becomes of a response: a handler's error is answered with its code. */
async function told(handle: Handle, isHeld: boolean): Promise<Told> {
  let code: string | null = null
  const server = createServer((_, response) => {
    const fail = (error: unknown): void => {
      code = (error as { code: string }).code
      if (response.headersSent) return
      response.statusCode = 500
      // Node keeps the message that it refused, and would throw again for it.
      if (!isHeld) response.statusMessage = ''
      response.end(code)
    }
    response.setHeader('X-Before', 'before')
    if (isHeld)
      holdResponse(response, {
        async settle() {
          await new Promise(setImmediate)
          return { cookies: ['a=1'], answer: null }
        },
        onError: fail,
      })
    try {
      handle(response)
    } catch (error) {
      fail(error)
      if (!response.writableEnded) response.end()
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const asked = get({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, agent: false })
  const [answer] = (await once(asked, 'response')) as [IncomingMessage]
  const body = await text(answer)
  server.close()
  const { date, ...headers } = answer.headersDistinct as Record<string, string[]>
  const { statusCode: status = 0, statusMessage: message = '' } = answer
  return { status, message, headers, body, code }
}

/** As Node tells it, with our cookie beside what the handler set. */
function withCookie({ headers, ...rest }: Told): Told {
  const { 'set-cookie': own = [] } = headers
  return {
    ...rest,
    headers: { ...headers, 'cache-control': ['private, no-store'], 'set-cookie': [...own, 'a=1'] },
  }
}

const heads: Readonly<Record<string, readonly unknown[]>> = {
  'a status alone': [204],
  'a status that is cut to its integer': ['201'],
  'a message': [201, 'Well done'],
  'a message and an object': [201, 'Well done', { 'X-Own': 'yes' }],
  'an object': [200, { 'X-Own': 'yes', 'X-Before': 'after', 'X-Many': ['1', '2'], 'X-Number': 3 }],
  'nothing in place of a message': [200, undefined, { 'X-Own': 'yes' }],
  'a flat array, with several of one name': [200, ['X-Own', '1', 'X-Before', 'after', 'x-own', '2']],
  'an object with cookies': [200, { 'Set-Cookie': ['theme=dark', 'size=1'] }],
  'a flat array with cookies': [200, ['Set-Cookie', 'theme=dark', 'Set-Cookie', 'size=1']],
  'a length of its own': [200, { 'Content-Length': 4 }],
  'a status beyond the last': [1000],
  'a status before the first': [99, { 'X-Own': 'yes' }],
  'no status at all': ['none'],
  'a name with a space': [200, { 'X Own': 'yes' }],
  'a value with a line break': [200, { 'X-Own': 'yes\r\nSet-Cookie: b=2' }],
  'a value beyond Latin-1': [302, { 'X-Own': 'yes', Location: '/€' }],
  'a value that is not there': [200, { 'X-Own': undefined }],
  'a message with a line break': [200, 'Well\r\ndone'],
  'an array that ends with a name': [200, ['X-Own', 'yes', 'X-Other']],
  'a value in an array beyond Latin-1': [200, ['X-Own', '€']],
}

describe('the head of a held response', () => {
  it.each(Object.entries(heads))('is taken, or refused at once, as Node does: %s', async (_, head) => {
    const handle: Handle = (response) => {
      Reflect.apply(response.writeHead, response, head)
      response.end(head[0] === 204 ? undefined : 'done')
    }
    const held = await told(handle, true)
    const plain = await told(handle, false)
    if (plain.code === null) expect(held).toEqual(withCookie(plain))
    // Of what it refused Node has set a part by then.
    else expect({ ...held, headers: {} }).toEqual({ ...plain, headers: {} })
  })

  it('takes an array of pairs as well, cookies beside those of before', async () => {
    const { headers } = await told((response) => {
      response.writeHead(200, [['X-Before', 'after'] as never, ['Set-Cookie', 'b=2'] as never])
      response.end('done')
    }, true)
    expect(headers).toMatchObject({ 'x-before': ['after'], 'set-cookie': ['b=2', 'a=1'] })
  })

  it('leaves nothing of a head that was refused', async () => {
    const { status, message, headers } = await told(
      (response) =>
        response.writeHead(302, 'Found it', { 'X-Own': 'yes', 'X-Before': 'after', Location: '€' }),
      true,
    )
    expect([status, message, headers['x-own'], headers['x-before']]).toEqual([
      ...[500, 'Internal Server Error', undefined],
      ['before'],
    ])
  })

  it.each<readonly [string, Handle]>([
    ['another head', (response) => response.writeHead(200).writeHead(302)],
    ['a head with headers', (response) => response.writeHead(200).writeHead(200, { 'X-Own': 'yes' })],
    ['a head behind the body', (response) => [response.write('x'), response.writeHead(302)]],
    ['a head behind the end', (response) => response.end('x').writeHead(302)],
  ])('lets no second one follow: %s', async (_, handle) => {
    const held = await told(handle, true)
    const plain = await told(handle, false)
    expect([held.status, held.code]).toEqual([200, 'ERR_HTTP_HEADERS_SENT'])
    expect(held.code).toBe(plain.code)
  })

  it('is the one it began with, whatever the status is set to meanwhile', async () => {
    const { status } = await told((response) => {
      response.write('x')
      response.statusCode = 404
      response.end()
    }, true)
    expect(status).toBe(200)
  })
})
