/** A browser as far as sessions are concerned: a strict cookie jar, and the headers that say where a request is from. */
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
  readonly signal?: AbortSignal
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
    const { method = 'GET', headers = {}, signal, cookie = this.cookie() } = wish
    const response = await fetch(`http://127.0.0.1:${this.#port}${path}`, {
      method,
      redirect: 'manual',
      ...(signal === undefined ? {} : { signal }),
      headers: {
        ...(method === 'GET' || method === 'HEAD' ? {} : { origin, 'sec-fetch-site': 'same-origin' }),
        ...(cookie === '' ? {} : { cookie }),
        ...headers,
      },
    })
    const cookies = response.headers.getSetCookie()
    // Throws for a line that a browser would not take.
    for (const line of cookies) this.jar.setCookieSync(line, `${origin}/`)
    return { status: response.status, headers: response.headers, text: await response.text(), cookies }
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
