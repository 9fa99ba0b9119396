/** The form of our sign-in page. */
import { fetchFrom } from './loopback.ts'

/** Where a gateway's own pages are. */
export interface Door {
  readonly port: number
  /** What goes into `Host`. */
  readonly host: string
  /** What goes into `Origin`. */
  readonly origin: string
  readonly cookieName: string
}

/** The form of our sign-in page: its token and the cookie that binds it to this browser. */
export async function signInForm(
  { port, host }: Pick<Door, 'port' | 'host'>,
  path = '/_holdfast/sign-in',
  headers: Readonly<Record<string, string>> = {},
): Promise<{ readonly token: string; readonly cookie: string }> {
  const page = await fetchFrom(port, path, { headers: { host, ...headers } })
  const token = /name="form_token" value="([^"]+)"/.exec(page.body)?.[1] ?? ''
  return { token, cookie: (page.setCookie[0] ?? '').split(';', 1)[0] ?? '' }
}

/** Signs in by that form; resolves to a Cookie header's value. */
export async function signInByForm(
  harness: Door,
  base: string,
  username: string,
  secret: string,
): Promise<string> {
  const { port, host, origin, cookieName } = harness
  const path = `${base}/_holdfast/sign-in`
  const { token, cookie } = await signInForm(harness, path)
  const answer = await fetchFrom(port, path, {
    method: 'POST',
    headers: { host, origin, cookie, 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ username, password: secret, form_token: token, return_to: '' }).toString(),
  })
  const line = answer.setCookie.find((one) => one.startsWith(`${cookieName}=`))
  if (answer.status !== 303 || line === undefined) {
    throw new Error(`Signing in as ${username} failed: ${answer.status} ${answer.body.slice(0, 300)}`)
  }
  return line.split(';', 1)[0] ?? ''
}
