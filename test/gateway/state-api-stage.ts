/** The state API beside a gateway, asked as an app asks it. */
import { onTestFinished } from 'vitest'
import { createUrlSessions } from '../../src/core/url-session.ts'
import { startStateListener } from '../../src/gateway/state/state-listener.ts'
import { stateRoutes } from '../../src/gateway/state/state-routes.ts'
import { type Harness, startHarness } from './harness.ts'
import { fetchFrom } from './loopback.ts'

export const key = 'the key that the app was started with, long enough'
export const tab = 'AAAAAAAAAAAAAAAAAAAAAA'

interface Answer {
  readonly status: number
  readonly body: Record<string, unknown> & { readonly code?: string }
  readonly retryAfter: string | null
}

interface Api {
  readonly to: Harness
  readonly port: number
  /** What the app was handed with a request that carried this cookie. */
  capability(cookie: string): Promise<string>
  ask(path: string, body: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer>
}

export async function startApi(): Promise<Api> {
  const to = await startHarness({ access: 'anyone' })
  const log = { write: () => undefined }
  const urlSessions = createUrlSessions({ store: to.store.store, keyring: to.keyring })
  const handle = stateRoutes({ state: to.sessions.state, urlSessions, log })
  const listener = await startStateListener({ listen: { host: '127.0.0.1', port: 0 }, key, handle })
  onTestFinished(() => listener.close())
  return {
    to,
    port: listener.port,
    async capability(cookie) {
      await fetchFrom(to.port, '/', { headers: { host: to.host, cookie } })
      return to.upstream.requests.at(-1)?.values('holdfast-session').join() ?? ''
    },
    async ask(path, body, headers = {}) {
      const answer = await fetch(`http://127.0.0.1:${listener.port}${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      })
      const retryAfter = answer.headers.get('retry-after')
      return { status: answer.status, body: (await answer.json()) as Answer['body'], retryAfter }
    },
  }
}

export const write = (scope: string, ...changes: readonly object[]): object => ({ scope, changes })
