/** Somebody else's API that knows who may sign in. */
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

export interface LoginApi {
  readonly url: URL
  readonly verifyUrl: URL
  /** What it was sent, in order. */
  readonly asked: { readonly path: string; readonly body: Record<string, unknown> }[]
  /** How often it was asked whether a token holds. */
  readonly checks: () => number
  /** What it says of a token; `null`: no. */
  user: Record<string, unknown> | null
  /** Answers in place of the usual. */
  instead: ((response: ServerResponse) => void) | null
}

/** Knows Ada, by this password, and vouches for her by this token. Closed after the test. */
export async function startLoginApi({
  token,
  password,
}: {
  token: string
  password: string
}): Promise<LoginApi> {
  const asked: LoginApi['asked'] = []
  const server = createServer(async (request, response) => {
    let text = ''
    for await (const piece of request.setEncoding('utf8')) text += piece as string
    const body = JSON.parse(text) as Record<string, unknown>
    asked.push({ path: request.url ?? '', body })
    if (api.instead !== null) return api.instead(response)
    const right = request.url === '/verify' ? body.token === token : body.password === password
    if (api.user === null) response.statusCode = 401
    response.end(JSON.stringify(right && api.user !== null ? { ...api.user, token } : {}))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close().closeAllConnections())
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const api: LoginApi = {
    url: new URL('/sign-in', origin),
    verifyUrl: new URL('/verify', origin),
    asked,
    checks: () => asked.filter(({ path }) => path === '/verify').length,
    user: { id: 42, username: 'ada', name: 'Ada', roles: ['diver'], api_key: 'not for apps' },
    instead: null,
  }
  return api
}
