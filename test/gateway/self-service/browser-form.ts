/** A browser as far as forms go: keeps cookies, follows nothing, sends what browsers send. */
import type { Harness } from '../harness.ts'
import { type Answer, fetchFrom } from '../loopback.ts'

export interface FormBrowser {
  /** Opens a page as a document. */
  open(path: string, headers?: Readonly<Record<string, string>>): Promise<Answer>
  /** Posts a form to a path with the token of the page last opened. */
  post(
    path: string,
    fields: Readonly<Record<string, string>>,
    headers?: Record<string, string>,
  ): Promise<Answer>
  readonly jar: Map<string, string>
}

const document = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', accept: 'text/html' }

export function formBrowser(to: Pick<Harness, 'port' | 'host' | 'origin'>, cookie = ''): FormBrowser {
  const jar = new Map<string, string>()
  if (cookie !== '') jar.set(cookie.slice(0, cookie.indexOf('=')), cookie.slice(cookie.indexOf('=') + 1))
  let token = ''

  async function ask(path: string, options: Parameters<typeof fetchFrom>[2]): Promise<Answer> {
    const cookies = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    const headers = { host: to.host, ...(cookies === '' ? {} : { cookie: cookies }), ...options?.headers }
    const answer = await fetchFrom(to.port, path, { ...options, headers })
    for (const line of answer.setCookie) {
      const [pair = '', ...attributes] = line.split(';')
      const [name = '', value = ''] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]
      if (attributes.some((one) => one.trim() === 'Max-Age=0')) jar.delete(name)
      else jar.set(name, value)
    }
    token = /name="form_token" value="([^"]+)"/.exec(answer.body)?.[1] ?? token
    return answer
  }

  return {
    jar,
    open: (path, headers = {}) =>
      ask(path, { headers: { ...document, 'sec-fetch-site': 'cross-site', ...headers } }),
    post: (path, fields, headers = {}) =>
      ask(path, {
        method: 'POST',
        headers: {
          ...{ ...document, 'sec-fetch-site': 'same-origin', origin: to.origin },
          ...{ 'content-type': 'application/x-www-form-urlencoded', ...headers },
        },
        body: new URLSearchParams({ form_token: token, ...fields }).toString(),
      }),
  }
}
