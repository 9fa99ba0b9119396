/** A person without a browser: what scripts and attackers are. */
import { password } from './gateway.ts'

/** Signs in through the form, and returns the Cookie header of whoever did. */
export async function signInByForm(url: string, name: string): Promise<string> {
  const form = await fetch(`${url}/_holdfast/sign-in`)
  const binding = cookiesOf(form)
  const token = /name="form_token" value="([^"]+)"/.exec(await form.text())?.[1] ?? ''
  const answer = await fetch(`${url}/_holdfast/sign-in`, {
    method: 'POST',
    redirect: 'manual',
    headers: { cookie: binding, origin: new URL(url).origin },
    body: new URLSearchParams({ username: name, password, form_token: token, return_to: '/' }),
  })
  if (answer.status !== 303) throw new Error(`Signing in as ${name} was answered with ${answer.status}.`)
  return cookiesOf(answer)
}

/** The cookies an answer sets, as the next request's Cookie header; those it removes are left out. */
export function cookiesOf(answer: Response): string {
  return answer.headers
    .getSetCookie()
    .filter((line) => !/;\s*max-age=0/i.test(line))
    .map((line) => line.split(';', 1)[0] ?? '')
    .join('; ')
}
