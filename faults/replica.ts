/**
 * One replica, in a process of its own: the gateway as it is, in front of the suite's app, with a door for what only the
 * suite does. Started with one JSON argument; says `ready` when it serves.
 */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { SessionStore } from '../src/core/contracts.ts'
import type { SessionManager } from '../src/core/manager.ts'
import type { GatewayConfig } from '../src/gateway/config.ts'
import { appServer, bodyOf, sendJson } from './replica-app.ts'

/** What a replica is told at its start. */
export interface ReplicaOptions {
  readonly host: string
  readonly port: number
  /** Where the suite itself calls. */
  readonly doorPort: number
  readonly store: string
  readonly publicUrl: string
}

/** What the door leads to. */
interface Inside {
  readonly sessions: SessionManager
  /** Another handle on the same store: the gateway keeps its own to itself. */
  readonly store: SessionStore
}

/** What the suite asks at the door. */
export type DoorRequest =
  | { readonly do: 'revoke-user'; readonly user: string }
  | { readonly do: 'revoke-all' }
  | { readonly do: 'once'; readonly key: string }
  /** Keeps the event loop busy, so that nothing else is done. */
  | { readonly do: 'block'; readonly ms: number }
  | { readonly do: 'revoke'; readonly sid: string }
  | { readonly do: 'rotate'; readonly credential: string }
  | { readonly do: 'clock'; readonly offset: number }

const realNow = Date.now
let clockOffset = 0
// Before anything of the gateway is loaded: parts of it keep the function.
Date.now = () => realNow() + clockOffset

const { runGateway } = await import('../src/gateway/wire.ts')
const { openStore } = await import('../src/gateway/store-choice.ts')
const { defaultPolicy } = await import('../src/core/policy.ts')

async function loginApi(): Promise<URL> {
  const server = createServer(async (request, response) => {
    const { username, password } = JSON.parse(await bodyOf(request)) as Record<string, string>
    sendJson(response, 200, password === 'right' ? { id: username, username } : {})
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
}

async function answer({ sessions, store }: Inside, asked: DoorRequest): Promise<unknown> {
  switch (asked.do) {
    case 'clock':
      clockOffset = asked.offset
      return {}
    case 'revoke-user':
      await sessions.revokeUser({ authenticator: 'login-api', userId: asked.user })
      return {}
    case 'revoke-all':
      await sessions.revokeAll()
      return {}
    case 'once':
      return { taken: await store.once(asked.key, 3_600_000) }
    case 'block':
      for (const until = performance.now() + asked.ms; performance.now() < until; );
      return {}
    case 'revoke':
      return { ended: await sessions.end(asked.sid) }
    case 'rotate': {
      const loaded = await sessions.load(asked.credential)
      if (loaded === null) return { refused: true }
      const { session, replacement } = loaded
      const credential = replacement ?? (await sessions.rotate(session, asked.credential))?.credential ?? null
      return { user: session.identity?.userId ?? null, sid: session.sid, credential }
    }
  }
}

async function door(inside: Inside, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    sendJson(response, 200, await answer(inside, JSON.parse(await bodyOf(request)) as DoorRequest))
  } catch (error) {
    const { code = 'ERR', message } = error as { code?: string; message: string }
    sendJson(response, code.startsWith('ERR_STORE') ? 503 : 500, { code, message })
  }
}

async function main({ host, port, doorPort, store, publicUrl }: ReplicaOptions): Promise<void> {
  let sessions: SessionManager | null = null
  const upstream = await appServer(() => sessions)
  const config: GatewayConfig = {
    ...{ preset: 'generic', listen: { host, port }, publicUrl, insecureHttp: false, name: '', store },
    ...{ stateListen: null, users: null, oidc: [], import: null, documentsOnly: false, secretFile: null },
    ...{ mail: null, registration: null, guest: null, admin: null },
    loginApi: { url: await loginApi(), verifyUrl: null, verifyEvery: 600_000 },
    secondFactor: 'optional',
    access: 'signed-in',
    rules: [{ path: '/open/*', access: 'anyone' }],
    policy: defaultPolicy,
    // Each client of the suite comes from an address of its own, as browsers do.
    trustProxy: ['127.0.0.0/8', '10.0.0.0/8'],
    secrets: ['the fault suite runs with this secret and no other'],
    startTimeout: 20_000,
    log: 'json',
    upstream: { kind: 'url', urls: [upstream] },
  }
  const verbose = process.env.HOLDFAST_FAULTS_LOG !== undefined
  const log = {
    write: (level: string, event: string, fields: object = {}) => {
      if (verbose || level === 'error')
        console.error(port, Math.round(performance.now()), level, event, fields)
    },
  }
  const running = await runGateway(config, log)
  sessions = running.sessions
  const inside: Inside = { sessions, store: await openStore(store) }
  const own = createServer((request, response) => void door(inside, request, response)).listen(doorPort, host)
  await once(own, 'listening')
  process.on('disconnect', () => process.exit())
  process.once('SIGTERM', () => void running.close().then(() => process.exit()))
  process.send?.('ready')
}

await main(JSON.parse(process.argv[2] ?? '{}') as ReplicaOptions)
