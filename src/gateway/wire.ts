/** Puts everything together: the one place that knows every part. */
import { type SignInThrottle, signInThrottle } from '../auth/throttle.ts'
import type { SessionStore } from '../core/contracts.ts'
import { type CookieOptions, cookieTransport, instanceCookie } from '../core/cookie.ts'
import { ConfigError } from '../core/errors.ts'
import type { EventListener } from '../core/events.ts'
import { formTokens } from '../core/form-token.ts'
import type { Keyring } from '../core/keyring.ts'
import type { SessionManager } from '../core/manager.ts'
import { sealedState } from '../core/sealed-state.ts'
import { socketRegistry } from '../core/sockets.ts'
import { sweeping } from '../core/sweeping.ts'
import { createUrlSessions } from '../core/url-session.ts'
import { asks } from './access.ts'
import { startAdmin } from './admin/admin-start.ts'
import { openUpstream } from './app-upstream.ts'
import type { AppPreset } from './apps/preset.ts'
import { auditLog } from './audit.ts'
import { startOwnApp, stateKey } from './child/own-app.ts'
import { clientAddress } from './client-address.ts'
import { browserScript } from './client-script.ts'
import type { GatewayConfig } from './config.ts'
import { openFactors } from './factor-parts.ts'
import { type Gateway, startGateway } from './gateway.ts'
import type { Log } from './log.ts'
import { newcomers } from './newcomers.ts'
import { oidcFlows } from './oidc-flow.ts'
import { openOldSessions } from './old-sessions.ts'
import { pagePasses } from './page-pass.ts'
import { pendingSignIns } from './pending-sign-in.ts'
import { openPeople } from './people.ts'
import { reservePort } from './port.ts'
import { choosePreset } from './preset-choice.ts'
import { presetsFor } from './presets.ts'
import { forwardedHeaders } from './proxy/forwarded.ts'
import { openSelfService } from './self-service/self-service.ts'
import { openSessions } from './sessions.ts'
import { signInTickets } from './sign-in-tickets.ts'
import { type Site, site } from './site.ts'
import { standings } from './standing.ts'
import { startStateListener } from './state/state-listener.ts'
import { stateRoutes } from './state/state-routes.ts'
import { warningsOf } from './store-choice.ts'

/** A gateway that serves, with everything it opened. */
export interface RunningGateway {
  readonly site: Site
  /** Where the admin page is; `null` without one. */
  readonly adminOrigin: string | null
  readonly preset: AppPreset['name']
  readonly sessions: SessionManager
  /** Lets requests under way finish, then ends the app. */
  close(): Promise<void>
  /** Ends the app at once, for a process that is about to end. */
  kill(): void
}

/**
 * Starts the app if it is ours to start, then the gateway. Rejects with `ConfigError` or `StoreError`, and with the
 * signal's reason once that is aborted; then nothing stays open and the app has ended.
 */
export async function runGateway(
  config: GatewayConfig,
  log: Log,
  signal: AbortSignal = new AbortController().signal,
): Promise<RunningGateway> {
  const closers: (() => Promise<void> | void)[] = []
  const closeAll = async (): Promise<void> => {
    // One that fails must not keep the others open: the app would live on without a gateway.
    for (const close of closers.splice(0).reverse()) {
      try {
        await close()
      } catch (error) {
        log.write('error', 'close_failed', { reason: String(error) })
      }
    }
  }
  try {
    return await assemble(config, { log, signal, closers, close: closeAll })
  } catch (error) {
    await closeAll()
    throw error
  }
}

interface Assembly {
  readonly log: Log
  readonly signal: AbortSignal
  /** What was opened adds how to close it; the last is closed first. */
  readonly closers: (() => Promise<void> | void)[]
  readonly close: () => Promise<void>
}

async function assemble(
  given: GatewayConfig,
  { log, signal, closers, close }: Assembly,
): Promise<RunningGateway> {
  const now = Date.now
  const reserved = await reservePort(given.listen)
  closers.push(() => reserved.release())
  const config = { ...given, listen: { host: reserved.host, port: reserved.port } }
  const onEvent: EventListener = ({ event, ...fields }) => log.write(levelOf(event), event, fields)
  const where = site(config)
  const { store, keyring, keyringGuard, sessions, adminSessions } = await openSessions(config, onEvent)
  closers.push(() => store.close())
  for (const warning of warningsOf(store)) log.write('warn', 'store_warning', { warning })

  const state = sealedState(store, keyring)
  const known = standings({ state, app: config.name })
  const audit = auditLog({ state, app: config.name, log, now })
  const opened = { store, keyring, sessions, standings: known }
  const people = await openPeople({ config, site: where, ...opened, log, now })
  closers.push(() => people.close())

  const cookieOptions: CookieOptions = {
    secure: where.secure,
    name: cookieName(config, where),
    port: where.port,
  }
  const appName = config.name === '' ? where.origin.slice(where.origin.indexOf('//') + 2) : config.name
  const factorParts = openFactors({
    ...{ store, keyring, config, onEvent, now, origin: where.origin, app: appName },
    cookie: cookieOptions,
    isRequired: async (who) => (await known.of(who)).factorRequired,
  })

  const presets = presetsFor({
    store,
    keyring,
    app: config.name,
    site: where,
    onError: (error) => log.write('warn', 'tab_not_remembered', { reason: String(error) }),
  })
  const preset = await choosePreset(config, where.base, presets, log, signal)
  refuseEmptyRules(config, preset)

  const selfService = openSelfService({
    ...{ config, app: appName, site: where, users: people.usersFile },
    ...{ store, keyring, sessions, audit, log, onEvent, now },
  })
  closers.push(() => selfService.close())
  const urlSessions = createUrlSessions({ store, keyring, app: config.name, now })
  const key = stateKey(keyring)
  const forms = {
    signInGate: gate(store, keyring),
    pagePasses: pagePasses(keyring, config.name),
    signInTickets: signInTickets({ store, state: sealedState(store, keyring), app: config.name, now }),
  }
  const own = { people, audit, selfService, standings: known, factors: factorParts.factors }
  const appPeople = { ...forms, ...own, sessions, site: where, onEvent, log, now }
  const handle = stateRoutes({ state: sessions.state, urlSessions, people: appPeople, log })
  const app =
    config.upstream.kind === 'url'
      ? null
      : await startOwnApp({ config, ...config.upstream, preset, base: where.base, key, handle, log })
  if (app !== null) closers.push(() => app.supervisor.stop().finally(() => app.state.close()))
  else if (config.stateListen !== null) {
    const listener = await startStateListener({ listen: config.stateListen, key, handle })
    closers.push(() => listener.close())
  }
  const urls =
    config.upstream.kind === 'url'
      ? config.upstream.urls
      : [new URL(`http://127.0.0.1:${app?.supervisor.port}`)]
  if (app !== null) await Promise.race([app.supervisor.ready(config.startTimeout), aborted(signal)])

  const sockets = socketRegistry({ sessions, now, onConfirmed: (session) => people.vouching.used(session) })
  closers.push(sweeping(store))

  const script = await browserScript('client.js')
  const presetScript = preset.script === null ? null : await browserScript(preset.script)
  const passkeyScript = await browserScript('passkey.js')
  await reserved.release()
  const gateway: Gateway = await startGateway(
    {
      app: appName,
      site: where,
      access: config.access,
      rules: config.rules,
      ...openUpstream({ urls, healthPath: preset.healthPath, cookie: instanceCookie(cookieOptions), log }),
      ...{ store, keyringGuard },
      sessions,
      newcomers: newcomers({ sessions, store, key: keyring.key('newcomers/v1'), app: config.name, log, now }),
      adminSessions,
      sockets,
      cookie: cookieTransport(cookieOptions),
      formCookieName: cookieTransport(cookieOptions, 'form').name,
      formTokens: formTokens(keyring.key('form/v1'), now),
      oidcFlows: oidcFlows(keyring.key('oidc/v1'), cookieOptions, now),
      ...own,
      accountLimit: config.policy.perAccount ?? null,
      pendingSignIns: pendingSignIns({ store, keyring, state, app: config.name, now }),
      ...factorParts,
      oldSessions: openOldSessions({ config: config.import, ...opened, people, onEvent, now }),
      ...forms,
      preset,
      forwarded: forwardedHeaders(where, (session) => sessions.capability(session)),
      clientAddress: clientAddress(config.trustProxy),
      clientScript: script,
      passkeyScript,
      presetScript,
      log,
      onEvent,
      now,
    },
    config.listen,
  )
  closers.push(() => gateway.close())
  const { parts } = gateway
  const admin =
    config.admin === null
      ? null
      : await startAdmin({ config, admin: config.admin, parts, adminSessions, keyring })
  if (admin !== null) closers.push(() => admin.close())
  return {
    adminOrigin: admin?.origin ?? null,
    site: where,
    preset: preset.name,
    sessions,
    close,
    kill: () => app?.supervisor.kill(),
  }
}

/** Rejects when the signal is aborted; never resolves. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const stop = (): void => reject(signal.reason)
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })
}

function gate(store: SessionStore, keyring: Keyring): SignInThrottle {
  return signInThrottle({ store, key: keyring.key('throttle/v1') })
}

/** Two apps on one host share a cookie jar: under a sub-path the path tells their cookies apart. */
function cookieName(config: GatewayConfig, { base }: Site): string {
  return config.name !== '' ? config.name : base.slice(1).replaceAll('/', '-')
}

function refuseEmptyRules(config: GatewayConfig, preset: AppPreset): void {
  const anyRoles = config.rules.some(asks)
  const mixed = config.rules.some((rule) => rule.access !== undefined && rule.access !== config.access)
  const objection = config.documentsOnly ? null : preset.objection({ anyRoles, mixed })
  if (objection !== null) throw new ConfigError('ERR_CONFIG_INVALID', `rules: ${objection}`)
}

function levelOf(event: string): 'info' | 'warn' {
  return /refused|reused|rejected|failed|throttled|keyring/.test(event) ? 'warn' : 'info'
}
