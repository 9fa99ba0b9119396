/** What a browser does at a gateway: signs in, comes back with its cookie, opens a socket, signs out. */
import type { Harness } from '../gateway/harness.ts'
import { fetchFrom } from '../gateway/loopback.ts'

export const form = 'application/x-www-form-urlencoded'

export async function statusOf(to: Harness, cookie: string, path = '/'): Promise<number> {
  return (await fetchFrom(to.port, path, { headers: { host: to.host, cookie } })).status
}

export async function signOut(to: Harness, cookie: string): ReturnType<typeof fetchFrom> {
  const headers = { host: to.host, origin: to.origin, 'content-length': '0', cookie }
  return fetchFrom(to.port, '/_holdfast/sign-out', { method: 'POST', headers })
}

export function upgradeLines(to: Harness, cookie: string): string[] {
  return [`Origin: ${to.origin}`, `Cookie: ${cookie}`, 'Upgrade: websocket', 'Connection: Upgrade']
}

export async function byForm(
  to: Harness,
  username: string,
  token: string,
  cookie: string,
  headers: Readonly<Record<string, string>>,
): Promise<string> {
  const answer = await fetchFrom(to.port, '/_holdfast/sign-in', {
    method: 'POST',
    headers: { host: to.host, origin: to.origin, cookie, 'content-type': form, ...headers },
    body: new URLSearchParams({ username, password: 'kelp holds on to rock', form_token: token }).toString(),
  })
  return (
    answer.setCookie.find((line) => line.startsWith(`${to.cookieName}=`))?.split(';')[0] ?? `${answer.status}`
  )
}

export async function countSessions(to: Harness): Promise<number> {
  let count = 0
  for await (const _ of to.store.store.scan()) count++
  return count
}
