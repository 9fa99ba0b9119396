/** The real gateway with real parts, in front of a real app, in this process; everything is closed after the test. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, onTestFinished } from 'vitest'
import { signInThrottle } from '../../src/auth/throttle.ts'
import type { UsersFile } from '../../src/auth/users-file.ts'
import type { Identity } from '../../src/core/contracts.ts'
import { cookieTransport, instanceCookie } from '../../src/core/cookie.ts'
import { toBase64url } from '../../src/core/crypto.ts'
import type { SessionEvent } from '../../src/core/events.ts'
import { formTokens } from '../../src/core/form-token.ts'
import { type Keyring, openKeyring } from '../../src/core/keyring.ts'
import { guardKeyring } from '../../src/core/keyring-guard.ts'
import type { SessionManager } from '../../src/core/manager.ts'
import { defaultPolicy } from '../../src/core/policy.ts'
import { sealedState } from '../../src/core/sealed-state.ts'
import { type SocketRegistry, socketRegistry } from '../../src/core/sockets.ts'
import { bothSessions } from '../../src/gateway/admin/admin-sessions.ts'
import { openUpstream } from '../../src/gateway/app-upstream.ts'
import { genericPreset } from '../../src/gateway/apps/generic.ts'
import { streamlitPreset } from '../../src/gateway/apps/streamlit.ts'
import { type AuditLog, auditLog } from '../../src/gateway/audit.ts'
import { clientAddress } from '../../src/gateway/client-address.ts'
import { openFactors } from '../../src/gateway/factor-parts.ts'
import { type Gateway, startGateway } from '../../src/gateway/gateway.ts'
import type { LogFields, LogLevel } from '../../src/gateway/log.ts'
import { newcomers } from '../../src/gateway/newcomers.ts'
import { oidcFlows } from '../../src/gateway/oidc-flow.ts'
import { openOldSessions } from '../../src/gateway/old-sessions.ts'
import { pagePasses } from '../../src/gateway/page-pass.ts'
import type { GatewayParts } from '../../src/gateway/parts.ts'
import { pendingSignIns } from '../../src/gateway/pending-sign-in.ts'
import { openPeople } from '../../src/gateway/people.ts'
import { placeWords } from '../../src/gateway/place-words.ts'
import { forwardedHeaders } from '../../src/gateway/proxy/forwarded.ts'
import { openSelfService, type SelfService } from '../../src/gateway/self-service/self-service.ts'
import { signInTickets } from '../../src/gateway/sign-in-tickets.ts'
import { site } from '../../src/gateway/site.ts'
import { type Standings, standings } from '../../src/gateway/standing.ts'
import type { AppPeople } from '../../src/gateway/state/sign-in-routes.ts'
import { followUsers } from '../../src/gateway/users-follower.ts'
import { freePort } from '../free-port.ts'
import { type HarnessOptions, limitsOf } from './harness-options.ts'
import { onAnswer } from './loopback.ts'
import { password, peopleInFile, peopleOfFile, usersIn } from './people.ts'
import { type RecordingUpstream, recordingUpstream } from './recording-upstream.ts'
import { signInByForm } from './sign-in-form.ts'
import { type WatchedStore, watchedStore } from './watched-store.ts'

const serverSecret = 'a secret for tests, 32 bytes long or more'

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
      newcomers: newcomers({
        ...{ sessions, store: store.store, key: keyring.key('newcomers/v1'), app: '', log: logger, now },
      }),
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
