/** The real gateway with real parts, in front of a real app, in this process; everything is closed after the test. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, onTestFinished } from 'vitest'
import { type PasswordHasher, passwordHasher } from '../../src/auth/password-hash.ts'
import { signInThrottle } from '../../src/auth/throttle.ts'
import { openUsersFile, type UsersFile } from '../../src/auth/users-file.ts'
import type { Identity } from '../../src/core/contracts.ts'
import { cookieTransport, instanceCookie } from '../../src/core/cookie.ts'
import { toBase64url } from '../../src/core/crypto.ts'
import type { SessionEvent } from '../../src/core/events.ts'
import { formTokens } from '../../src/core/form-token.ts'
import { type Keyring, openKeyring } from '../../src/core/keyring.ts'
import { guardKeyring } from '../../src/core/keyring-guard.ts'
import type { SessionManager } from '../../src/core/manager.ts'
import { defaultPolicy, type Policy } from '../../src/core/policy.ts'
import { sealedState } from '../../src/core/sealed-state.ts'
import { type SocketRegistry, socketRegistry } from '../../src/core/sockets.ts'
import type { Access, AccessRule } from '../../src/gateway/access.ts'
import { bothSessions } from '../../src/gateway/admin/admin-sessions.ts'
import { openUpstream } from '../../src/gateway/app-upstream.ts'
import { genericPreset } from '../../src/gateway/apps/generic.ts'
import { streamlitPreset } from '../../src/gateway/apps/streamlit.ts'
import { type AuditLog, auditLog } from '../../src/gateway/audit.ts'
import { clientAddress } from '../../src/gateway/client-address.ts'
import type { Config } from '../../src/gateway/config.ts'
import type { ImportConfig } from '../../src/gateway/config-import.ts'
import type { SelfServiceConfig } from '../../src/gateway/config-self-service.ts'
import { openFactors } from '../../src/gateway/factor-parts.ts'
import { type Gateway, startGateway } from '../../src/gateway/gateway.ts'
import type { LogFields, LogLevel } from '../../src/gateway/log.ts'
import { oidcFlows } from '../../src/gateway/oidc-flow.ts'
import { openOldSessions } from '../../src/gateway/old-sessions.ts'
import { pagePasses } from '../../src/gateway/page-pass.ts'
import type { GatewayParts } from '../../src/gateway/parts.ts'
import { pendingSignIns } from '../../src/gateway/pending-sign-in.ts'
import { openPeople, type People } from '../../src/gateway/people.ts'
import { placeWords } from '../../src/gateway/place-words.ts'
import { forwardedHeaders } from '../../src/gateway/proxy/forwarded.ts'
import type { InstancesOptions } from '../../src/gateway/proxy/instances.ts'
import { openSelfService, type SelfService } from '../../src/gateway/self-service/self-service.ts'
import { signInTickets } from '../../src/gateway/sign-in-tickets.ts'
import { site } from '../../src/gateway/site.ts'
import { type Standings, standings } from '../../src/gateway/standing.ts'
import type { AppPeople } from '../../src/gateway/state/sign-in-routes.ts'
import { followUsers } from '../../src/gateway/users-follower.ts'
import { type RecordingUpstream, recordingUpstream } from './recording-upstream.ts'
import { type WatchedStore, watchedStore } from './watched-store.ts'

export const password = 'kelp holds on to rock'
const serverSecret = 'a secret for tests, 32 bytes long or more'

export interface HarnessOptions {
  readonly upstream?: RecordingUpstream
  /** Another app than the recording one. */
  readonly upstreamUrl?: URL
  /** Several instances of one app, in place of both. */
  readonly instances?: readonly URL[]
  readonly access?: Access
  readonly rules?: readonly AccessRule[]
  readonly preset?: 'generic' | 'streamlit'
  readonly publicUrl?: string
  readonly trustProxy?: readonly string[]
  readonly policy?: Policy
  readonly secondFactor?: Config['secondFactor']
  readonly now?: () => number
  readonly headersTimeout?: number
  /** How long a connection to one of several instances may take. */
  readonly connectTimeout?: number
  /** For how long nobody is led elsewhere after all instances were away. */
  readonly gathering?: number
  /** An API that knows who may sign in, in place of the users file. */
  readonly loginApi?: Config['loginApi']
  readonly oidc?: Config['oidc']
  /** A system that was there before. */
  readonly import?: ImportConfig
  /** Mail, registering, guests. */
  readonly selfService?: Partial<SelfServiceConfig>
  /** A users file that is there already. */
  readonly usersText?: string
  /** @default one that costs next to nothing: most tests are about something else */
  readonly hasher?: PasswordHasher
  /** A store that another replica works with, too. */
  readonly store?: WatchedStore
}

export interface LogEntry {
  readonly level: LogLevel
  readonly event: string
  readonly fields: LogFields
}

export interface Harness {
  readonly port: number
  /** The origin that browsers know: goes into `Origin`. */
  readonly origin: string
  /** What goes into `Host`. */
  readonly host: string
  readonly upstream: RecordingUpstream
  readonly store: WatchedStore
  readonly keyring: Keyring
  readonly sessions: SessionManager
  readonly sockets: SocketRegistry
  readonly users: UsersFile
  readonly selfService: SelfService
  readonly parts: GatewayParts
  readonly adminSessions: SessionManager
  readonly standings: Standings
  readonly audit: AuditLog
  /** What the state API needs to sign people in. */
  readonly appPeople: AppPeople
  readonly log: LogEntry[]
  readonly events: SessionEvent[]
  readonly cookieName: string
  /** A session of this identity, made by the session engine; resolves to a Cookie header's value. */
  sessionOf(identity: Identity): Promise<string>
  /** Signs in through the form; resolves to a Cookie header's value. */
  signIn(username: string, secret?: string): Promise<string>
  /** A request line and the headers every request needs, then the given lines. */
  request(line: string, lines?: readonly string[]): string
  close(): Promise<void>
}

/** Anna has roles and an address; Ben has neither. Both have the password above. */
export const anna: Identity = {
  userId: 'anna',
  authenticator: 'users-file',
  claims: { name: 'Anna Alga', email: 'anna@example.org', roles: ['admin', 'diver'] },
}
export const ben: Identity = { userId: 'ben', authenticator: 'users-file', claims: {} }

/** Starts everything. Closed after the test, or the file's tests, that started it. */
export async function startHarness(options: HarnessOptions = {}): Promise<Harness> {
  const { now = Date.now, policy = defaultPolicy } = options
  const closers: (() => unknown)[] = []
  const upstream = options.upstream ?? (await recordingUpstream())
  closers.push(() => upstream.close())
  const port = await freePort()
  const listen = { host: '127.0.0.1', port }
  const where = site({ publicUrl: options.publicUrl ?? null, insecureHttp: true, listen })
  const store = options.store ?? watchedStore(options.now)
  const keyring = await openKeyring(store.store, [serverSecret])
  const log: LogEntry[] = []
  const events: SessionEvent[] = []
  const { sessions, adminSessions } = bothSessions({
    store: store.store,
    keyring,
    policy,
    onEvent: (event) => events.push(event),
    now,
  })
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-gateway-'))
  closers.push(() => rm(folder, { recursive: true, force: true }))
  const users = await usersIn(join(folder, 'users.yaml'), placeWords('Kelp Watch', where.origin), options)
  closers.push(() => users.close())
  const logger = {
    write: (level: LogLevel, event: string, fields: LogFields = {}) => {
      log.push({ level, event, fields })
    },
  }
  const state = sealedState(store.store, keyring)
  closers.push(await followUsers({ users, sessions, state, app: '', log: logger }))
  const { loginApi = null, oidc = [], import: before = null, secondFactor = 'optional' } = options
  const peopleOf = { config: { users: null, loginApi, oidc, name: '' }, site: where }
  const known = standings({ state, app: '' })
  const audit = auditLog({ state, app: '', log: logger, now })
  const opened = { store: store.store, keyring, sessions, standings: known }
  const people = await openPeople({ ...peopleOf, ...opened, log: logger, now })
  const selfService = openSelfService({
    config: { name: '', mail: null, registration: null, guest: null, ...options.selfService },
    ...{ app: 'Kelp', site: where, users: peopleInFile(loginApi, users) },
    ...{ store: store.store, keyring, sessions, audit, log: logger, now },
    onEvent: (event) => events.push(event),
  })
  closers.push(() => selfService.close())
  const sockets = socketRegistry({ sessions, now, onConfirmed: (one) => people.vouching.used(one) })
  const cookieOptions = {
    secure: where.secure,
    name: where.base.slice(1).replaceAll('/', '-'),
    port: where.port,
  }
  const cookie = cookieTransport(cookieOptions)
  const upstreamUrl = options.upstreamUrl ?? upstream.url

  const forms = {
    signInGate: signInThrottle({ store: store.store, key: keyring.key('throttle/v1') }),
    pagePasses: pagePasses(keyring, ''),
    signInTickets: signInTickets({ store: store.store, state, app: '', now }),
  }
  const peopleHere = people.authenticator === null ? { ...people, ...peopleOfFile(users) } : people
  const onEvent = (event: SessionEvent): void => {
    events.push(event)
  }
  const factorParts = openFactors({
    ...{ store: store.store, keyring, now, origin: where.origin, app: 'Kelp', cookie: cookieOptions },
    ...{ config: { name: '', secondFactor }, onEvent },
    isRequired: async (who) => (await known.of(who)).factorRequired,
  })
  const { factors } = factorParts
  const own = { people: peopleHere, audit, selfService, standings: known, sessions, factors }
  const appPeople = { ...forms, ...own, site: where, onEvent, log: logger, now }
  const gateway: Gateway = await startGateway(
    {
      app: 'Kelp',
      site: where,
      access: options.access ?? 'signed-in',
      rules: options.rules ?? [],
      ...openUpstream({
        ...{ urls: options.instances ?? [upstreamUrl], healthPath: '/', log: logger, probeEvery: 20 },
        cookie: instanceCookie(cookieOptions),
        ...limitsOf(options),
      }),
      store: store.store,
      keyringGuard: guardKeyring({
        ...{ store: store.store, keyring, secrets: [serverSecret] },
        onEvent: (event) => events.push(event),
      }),
      sessions,
      adminSessions,
      sockets,
      cookie,
      formCookieName: cookieTransport(cookieOptions, 'form').name,
      formTokens: formTokens(keyring.key('form/v1'), now),
      oidcFlows: oidcFlows(keyring.key('oidc/v1'), cookieOptions, now),
      people: peopleHere,
      audit,
      selfService,
      standings: known,
      accountLimit: policy.perAccount ?? null,
      pendingSignIns: pendingSignIns({ store: store.store, keyring, state, app: '', now }),
      ...factorParts,
      oldSessions: openOldSessions({
        ...{ config: before, ...opened, now },
        people: { known: (name) => users.identity(name) },
        onEvent: (event) => events.push(event),
      }),
      ...forms,
      forwarded: forwardedHeaders(where, (session) => sessions.capability(session)),
      preset:
        options.preset === 'streamlit'
          ? streamlitPreset({
              state: sealedState(store.store, keyring),
              app: '',
              cookieSecret: toBase64url(keyring.key('streamlit-cookie/v1')),
              publicOrigin: where.origin,
              base: where.base,
              now,
              onError: (error) => logger.write('warn', 'tab_not_remembered', { reason: String(error) }),
            })
          : genericPreset(),
      clientAddress: clientAddress(options.trustProxy ?? []),
      passkeyScript: { name: 'passkey.js', body: '/* for passkeys */', version: 'test' },
      clientScript: { name: 'client.js', body: '/* the page script */', version: 'test' },
      presetScript:
        options.preset === 'streamlit'
          ? { name: 'streamlit.js', body: '/* for Streamlit */', version: 'test' }
          : null,
      log: logger,
      onEvent: (event) => events.push(event),
      now,
    },
    listen,
  )
  closers.push(() => gateway.close(0))

  const secrets = new Set([serverSecret, password])
  const stopLearning = onAnswer((_path, _ask, { setCookie }) => {
    for (const line of setCookie) {
      const token = /=(?:v1|a1)\.[^.;]+\.([\w-]{43})/.exec(line)?.[1]
      if (token !== undefined) secrets.add(token)
    }
  })
  let closed: Promise<void> | null = null
  const close = (): Promise<void> => {
    closed ??= (async () => {
      for (const one of closers.reverse()) await one()
      stopLearning()
      // Whatever a test is about: no secret of anybody's is in what was logged meanwhile.
      const written = JSON.stringify([log, events])
      for (const secret of secrets) expect(written.includes(secret), 'a secret in the log').toBe(false)
    })()
    return closed
  }
  // Started by one test it ends with it; started by a file, with the file.
  if (expect.getState().currentTestName === undefined) afterAll(close)
  else onTestFinished(close)

  const host = where.origin.slice(where.origin.indexOf('//') + 2)
  const harness: Harness = {
    ...{ port, origin: where.origin, host, upstream, store, keyring, sessions, sockets, users },
    ...{ parts: gateway.parts, adminSessions, standings: known, audit, selfService, appPeople, log, events },
    cookieName: cookie.name,
    async sessionOf(identity) {
      const begun = await sessions.begin()
      const device = { userAgent: 'test', address: '127.0.0.1' }
      const issued = await sessions.signIn({ identity, remember: false, device, begun, replaces: null })
      return `${cookie.name}=${issued?.credential}`
    },
    signIn: (username, secret = password) => signInByForm(harness, where.base, username, secret),
    request: (line, lines = []) => [`${line} HTTP/1.1`, `Host: ${host}`, ...lines, '', ''].join('\r\n'),
    close,
  }
  return harness
}

function limitsOf({ headersTimeout, connectTimeout, gathering }: HarnessOptions): Partial<InstancesOptions> {
  return {
    ...(headersTimeout !== undefined && { headersTimeout }),
    ...(connectTimeout !== undefined && { connectTimeout }),
    ...(gathering !== undefined && { gathering }),
  }
}

/** The form of our sign-in page: its token and the cookie that binds it to this browser. */
export async function signInForm(
  { port, host }: Pick<Harness, 'port' | 'host'>,
  path = '/_holdfast/sign-in',
  headers: Readonly<Record<string, string>> = {},
): Promise<{ readonly token: string; readonly cookie: string }> {
  const page = await fetchFrom(port, path, { headers: { host, ...headers } })
  const token = /name="form_token" value="([^"]+)"/.exec(page.body)?.[1] ?? ''
  return { token, cookie: (page.setCookie[0] ?? '').split(';', 1)[0] ?? '' }
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly setCookie: readonly string[]
  readonly body: string
}

export interface Ask {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  readonly body?: string | Buffer
}

/** Told of every request that `fetchFrom` makes, with its answer. */
export type AnswerListener = (path: string, ask: Ask, answer: Answer) => void

const answerListeners = new Set<AnswerListener>()

/** Tells a listener of every answer from now on, until the function that this returns is called. */
export function onAnswer(listener: AnswerListener): () => void {
  answerListeners.add(listener)
  return () => answerListeners.delete(listener)
}

/** One request by node:http, which sets no header by itself that a test did not ask for, save for Connection. */
export function fetchFrom(port: number, path: string, ask: Ask = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = Object.fromEntries(
      Object.entries(ask.headers ?? {}).map(([name, value]) => [
        name,
        typeof value === 'string' ? value : [...value],
      ]),
    )
    const outgoing = request(
      { host: '127.0.0.1', port, path, method: ask.method ?? 'GET', headers, agent: false },
      (response) => {
        const pieces: Buffer[] = []
        response.on('data', (piece: Buffer) => pieces.push(piece))
        response.on('error', reject)
        response.on('end', () => {
          const answer = {
            status: response.statusCode ?? 0,
            headers: response.headers,
            setCookie: response.headers['set-cookie'] ?? [],
            body: Buffer.concat(pieces).toString('utf8'),
          }
          for (const listener of answerListeners) listener(path, ask, answer)
          resolve(answer)
        })
      },
    )
    outgoing.on('error', reject)
    outgoing.end(ask.body)
  })
}

async function signInByForm(
  harness: Harness,
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

function peopleOfFile(
  users: UsersFile,
): Pick<People, 'authenticator' | 'setPassword' | 'known' | 'usersFile'> {
  return {
    usersFile: users,
    authenticator: users.authenticator(),
    known: (name) => users.identity(name),
    setPassword: (name, secret) => users.setPassword(name, secret),
  }
}

async function usersIn(
  path: string,
  words: readonly string[],
  { usersText, hasher = passwordHasher({ memoryKiB: 64, passes: 1 }) }: HarnessOptions,
): Promise<UsersFile> {
  if (usersText !== undefined) await writeFile(path, usersText, { mode: 0o600 })
  const users = await openUsersFile(path, { create: true, words, hasher })
  for (const { userId, claims } of [anna, ben]) {
    const outcome = await users.add(userId, {
      password,
      ...(typeof claims.name === 'string' ? { name: claims.name } : {}),
      ...(typeof claims.email === 'string' ? { email: claims.email } : {}),
      ...(userId === 'anna' ? { roles: ['admin', 'diver'] } : {}),
    })
    if (!outcome.done) throw new Error(`${userId} could not be added: ${JSON.stringify(outcome)}`)
  }
  return users
}

/** The file, unless an API knows people in its place. */
function peopleInFile(loginApi: HarnessOptions['loginApi'], users: UsersFile): UsersFile | null {
  return loginApi == null ? users : null
}

/** A port nobody listens on now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}
