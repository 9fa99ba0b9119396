/** A browser as far as sessions are concerned: a strict cookie jar, and the headers that say where a request is from. */
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { CookieJar } from 'tough-cookie'

export const origin = 'https://app.example.test'

export interface Got {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly cookies: readonly string[]
}

export interface Wish {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Sent in place of what the jar holds. */
  readonly cookie?: string
}

export class Browser {
  readonly jar: CookieJar = new CookieJar(undefined, { prefixSecurity: 'strict' })
  readonly #port: number

  constructor(port: number) {
    this.#port = port
  }

  /** What the jar would send now. */
  cookie(): string {
    return this.jar.getCookieStringSync(`${origin}/`)
  }

  async get(path: string, wish: Wish = {}): Promise<Got> {
    const { method = 'GET', headers = {}, cookie = this.cookie() } = wish
    const sent = {
      ...(method === 'GET' || method === 'HEAD' ? {} : { origin, 'sec-fetch-site': 'same-origin' }),
      ...(cookie === '' ? {} : { cookie }),
      ...headers,
    }
    // Not by fetch, which has Sec-Fetch headers of its own.
    const asked = request({ host: '127.0.0.1', port: this.#port, path, method, headers: sent, agent: false })
    asked.end()
    const [answer] = (await once(asked, 'response')) as [IncomingMessage]
    const cookies = answer.headers['set-cookie'] ?? []
    // Throws for a line that a browser would not take.
    for (const line of cookies) this.jar.setCookieSync(line, `${origin}/`)
    const got = new Headers()
    for (const [name, value] of Object.entries(answer.headers)) got.set(name, String(value))
    return { status: answer.statusCode ?? 0, headers: got, text: await text(answer), cookies }
  }

  post(path: string, wish: Wish = {}): Promise<Got> {
    return this.get(path, { method: 'POST', ...wish })
  }

  async json(path: string): Promise<unknown> {
    return JSON.parse((await this.get(path)).text)
  }

  async user(): Promise<unknown> {
    return ((await this.json('/me')) as { user: unknown }).user
  }
}
