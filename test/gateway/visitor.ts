/** A browser without scripts: keeps cookies, sends forms as they are on the page, follows nothing by itself. */
import type { Harness } from './harness.ts'
import { type Answer, fetchFrom } from './loopback.ts'
import { password } from './people.ts'

export interface Seen extends Answer {
  readonly location: string
}

export class Visitor {
  readonly cookies: Map<string, string> = new Map()
  readonly #to: Harness
  /** What goes along with every request. */
  readonly headers: Record<string, string> = {}
  last: Seen | null = null

  constructor(to: Harness) {
    this.#to = to
  }

  get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Seen> {
    return this.#ask(path, 'GET', headers)
  }

  /** Sends a form with the hidden fields of the page seen last, save for what `fields` says. */
  post(path: string, fields: Readonly<Record<string, string>>): Promise<Seen> {
    const hidden = /name="form_token" value="([^"]*)"/.exec(this.last?.body ?? '')?.[1] ?? ''
    const back = (/name="return_to" value="([^"]*)"/.exec(this.last?.body ?? '')?.[1] ?? '').replaceAll(
      '&amp;',
      '&',
    )
    const body = new URLSearchParams({ form_token: hidden, return_to: back, ...fields }).toString()
    const headers = { origin: this.#to.origin, 'content-type': 'application/x-www-form-urlencoded' }
    return this.#ask(path, 'POST', headers, body)
  }

  /** Name and password, at the sign-in page. */
  async enter(username: string, secret: string = password, returnTo: string = '/wanted'): Promise<Seen> {
    await this.get(`/_holdfast/sign-in?return_to=${encodeURIComponent(returnTo)}`)
    return this.post('/_holdfast/sign-in', { username, password: secret })
  }

  /** What the page seen last asks a device for. */
  asked<Options>(): Options {
    const text = /data-passkey="([^"]*)"/.exec(this.last?.body ?? '')?.[1] ?? ''
    const json = text.replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&amp;', '&')
    return (JSON.parse(json) as { options: Options }).options
  }

  /** Whether this browser is signed in. */
  async isIn(): Promise<boolean> {
    const { status } = await fetchFrom(this.#to.port, '/_holdfast/session', {
      headers: { host: this.#to.host, cookie: this.#cookie() },
    })
    return status === 200
  }

  #cookie(): string {
    return [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  }

  async #ask(
    path: string,
    method: string,
    headers: Readonly<Record<string, string>>,
    body?: string,
  ): Promise<Seen> {
    const all = { host: this.#to.host, cookie: this.#cookie(), ...this.headers, ...headers }
    const answer = await fetchFrom(this.#to.port, path, {
      method,
      headers: all,
      ...(body === undefined ? {} : { body }),
    })
    for (const line of answer.setCookie) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (/max-age=0/i.test(line)) this.cookies.delete(name)
      else this.cookies.set(name, value)
    }
    this.last = { ...answer, location: String(answer.headers.location ?? '') }
    return this.last
  }
}
