/** An app with a sign-in form of its own behind a real gateway, and browsers that open its pages, byte by byte. */
import { randomBytes, randomUUID } from 'node:crypto'
import { onTestFinished } from 'vitest'
import { createUrlSessions } from '../../src/core/url-session.ts'
import { startStateListener } from '../../src/gateway/state/state-listener.ts'
import { stateRoutes } from '../../src/gateway/state/state-routes.ts'
import { type Harness, startHarness } from './harness.ts'
import type { HarnessOptions } from './harness-options.ts'
import { type Answer, fetchFrom } from './loopback.ts'
import { password } from './people.ts'
import { acceptUpgrade, type RecordingUpstream, recordingUpstream } from './recording-upstream.ts'
import { openSocket, type SocketClient, serverFrame } from './socket-client.ts'

const key = 'the key that the app was started with, long enough'

/** A page of the app in a browser: its cookie, its tab, and what its script made. */
export interface AppPage {
  readonly cookie: string
  readonly tab: string
  readonly secret: string
  readonly socket: SocketClient
  /** The Streamlit session it got. */
  readonly streamlit: string
  /** What the app was handed with its socket. */
  readonly handed: Readonly<Record<string, string>>
}

export interface AppForm {
  readonly to: Harness
  /** A browser that nobody signed in with: its cookie. */
  browser(): Promise<string>
  /** Opens the app; a browser's second page has the first one's cookie. */
  page(cookie: string, from?: { readonly tab?: string; readonly secret?: string | null }): Promise<AppPage>
  /** What the app asks of the gateway when the form on this page is submitted. */
  ask(page: Pick<AppPage, 'handed'>, path: string, body: object): Promise<AppAnswer>
  submit(page: Pick<AppPage, 'handed'>, form?: object): Promise<AppAnswer>
  /** What the page's script sends when it was given a ticket. */
  take(taking: {
    readonly cookie: string
    readonly ticket: unknown
    readonly secret: string
    readonly headers?: Readonly<Record<string, string>>
  }): Promise<Answer>
  /** What a request with this cookie is told of whom it comes from. */
  whoIs(cookie: string): Promise<number>
}

export interface AppAnswer {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
}

/** An app that speaks as much of Streamlit's protocol as is read here. */
export function streamlitApp(): Promise<RecordingUpstream> {
  return recordingUpstream({
    onUpgrade(request, socket) {
      acceptUpgrade(socket, ['Sec-WebSocket-Protocol: streamlit'])
      const [, , resumed] = (request.headers['sec-websocket-protocol'] ?? '').split(', ')
      socket.write(serverFrame(2, newSession(resumed ?? randomUUID())))
    },
  })
}

/** Starts everything; closed after the test. */
export async function appForm(options: HarnessOptions = {}): Promise<AppForm> {
  const upstream = options.upstream ?? (await streamlitApp())
  const to = await startHarness({ access: 'anyone', preset: 'streamlit', ...options, upstream })
  const handle = stateRoutes({
    ...{ state: to.sessions.state, people: to.appPeople, log: { write: () => undefined } },
    urlSessions: createUrlSessions({ store: to.store.store, keyring: to.keyring }),
  })
  const listener = await startStateListener({ listen: { host: '127.0.0.1', port: 0 }, key, handle })
  onTestFinished(() => listener.close())

  const ask: AppForm['ask'] = async ({ handed }, path, body) => {
    const answer = await fetch(`http://127.0.0.1:${listener.port}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, ...handed },
      body: JSON.stringify(body),
    })
    return { status: answer.status, body: (await answer.json()) as AppAnswer['body'] }
  }

  return {
    to,
    ask,
    async browser() {
      const headers = { host: to.host, origin: to.origin }
      const answer = await fetchFrom(to.port, '/_holdfast/begin', { method: 'POST', headers })
      return answer.setCookie[0]?.split(';', 1)[0] ?? ''
    },
    async page(cookie, { tab = newTab(), secret = newSecret() } = {}) {
      const before = to.upstream.upgrades.length
      const ours = secret === null ? '' : `, holdfast-page.${secret}`
      const socket = await openSocket(to, {
        path: `/_stcore/stream?_holdfast_tab=${tab}`,
        cookie,
        lines: [`Sec-WebSocket-Protocol: streamlit, PLACEHOLDER_AUTH_TOKEN${ours}`],
      })
      const first = await socket.until((all) => uuid.test(all.toString('latin1')))
      const [upgrade] = to.upstream.upgrades.slice(before)
      const names = ['holdfast-session', 'holdfast-tab', 'holdfast-page']
      const handed = names.map((name) => [name, upgrade?.values(name).join() ?? ''] as const)
      return {
        ...{ cookie, tab, secret: secret ?? '', socket },
        streamlit: uuid.exec(first.toString('latin1'))?.[0] ?? '',
        handed: Object.fromEntries(handed.filter(([, value]) => value !== '')),
      }
    },
    submit: (page, form = {}) => ask(page, '/sign-in', { username: 'anna', password, ...form }),
    take: ({ cookie, ticket, secret, headers = {} }) =>
      fetchFrom(to.port, '/_holdfast/ticket', {
        method: 'POST',
        headers: {
          ...{ host: to.host, origin: to.origin, cookie },
          'content-type': 'application/x-www-form-urlencoded',
          ...headers,
        },
        body: new URLSearchParams({ ticket: String(ticket), page: secret }).toString(),
      }),
    async whoIs(cookie) {
      const answer = await fetchFrom(to.port, '/_holdfast/session', { headers: { host: to.host, cookie } })
      return answer.status
    },
  }
}

/** The cookie an answer hands the browser; `null` if it hands none. */
export function cookieOf(answer: Answer): string | null {
  return answer.setCookie[0]?.split(';', 1)[0] ?? null
}

export function newTab(): string {
  return randomBytes(16).toString('base64url')
}

export function newSecret(): string {
  return randomBytes(32).toString('base64url')
}

const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/

/** The first message of a Streamlit server, as far as it is read here. */
function newSession(id: string): Buffer {
  const field = (number: number, content: Buffer): Buffer =>
    Buffer.concat([Buffer.from([(number << 3) | 2, content.length]), content])
  return field(4, field(1, field(6, Buffer.from(id))))
}
