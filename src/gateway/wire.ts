/** Puts everything together: the one place that knows every part. */
import { join } from 'node:path'
import { type SignInThrottle, signInThrottle } from '../auth/throttle.ts'
import { openUsersFile } from '../auth/users-file.ts'
import type { SessionStore } from '../core/contracts.ts'
import { type CookieOptions, cookieTransport } from '../core/cookie.ts'
import { toBase64url } from '../core/crypto.ts'
import { ConfigError } from '../core/errors.ts'
import type { EventListener } from '../core/events.ts'
import { type Keyring, openKeyring } from '../core/keyring.ts'
import { createSessionManager, type SessionManager } from '../core/manager.ts'
import { sealedState } from '../core/sealed-state.ts'
import { formTokens } from '../pages/form-token.ts'
import { genericPreset } from './apps/generic.ts'
import type { AppPreset } from './apps/preset.ts'
import { streamlitPreset } from './apps/streamlit.ts'
import { appEnvironment } from './child/environment.ts'
import { runFile } from './child/run-file.ts'
import { type Supervisor, superviseApp } from './child/supervisor.ts'
import { clientAddress } from './client-address.ts'
import { clientScript } from './client-script.ts'
import type { GatewayConfig } from './config.ts'
import { type Gateway, startGateway } from './gateway.ts'
import type { Log } from './log.ts'
import { reservePort } from './port.ts'
import { choosePreset, ownPort } from './preset-choice.ts'
import { httpProxy } from './proxy/http.ts'
import { serverSecrets } from './secrets.ts'
import { type Site, site } from './site.ts'
import { socketRegistry } from './sockets.ts'
import { openStore, storeFile } from './store-choice.ts'
import { followUsers } from './users-follower.ts'

/** A gateway that serves, with everything it opened. */
export interface RunningGateway {
  readonly site: Site
  readonly preset: AppPreset['name']
  readonly sessions: SessionManager
  close(): Promise<void>
}

const appPatience = 60_000
const sweepEvery = 60_000
const sweepAtOnce = 1_000

/** Opens the store and its keys: what commands that need no gateway work with too. */
export async function openSessions(
  config: GatewayConfig,
  onEvent: EventListener,
): Promise<{ store: SessionStore; keyring: Keyring; sessions: SessionManager }> {
  const store = await openStore(config.store)
  try {
    const file = storeFile(config.store)
    const shared = file === null && config.store !== 'memory:'
    const secrets = await serverSecrets({
      given: config.secrets,
      file: config.secretFile,
      storeFile: file,
      shared,
    })
    const keyring = await openKeyring(store, secrets)
    return {
      store,
      keyring,
      sessions: createSessionManager({ store, keyring, policy: config.policy, app: config.name, onEvent }),
    }
  } catch (error) {
    await store.close()
    throw error
  }
}

/** Starts the app if it is ours to start, then the gateway. Rejects with `ConfigError` or `StoreError`. */
export async function runGateway(config: GatewayConfig, log: Log): Promise<RunningGateway> {
  const closers: (() => Promise<void> | void)[] = []
  const closeAll = async (): Promise<void> => {
    for (const close of closers.reverse()) await close()
    closers.length = 0
  }
  try {
    return await assemble(config, log, closers, closeAll)
  } catch (error) {
    await closeAll()
    throw error
  }
}

async function assemble(
  given: GatewayConfig,
  log: Log,
  closers: (() => Promise<void> | void)[],
  close: () => Promise<void>,
): Promise<RunningGateway> {
  const now = Date.now
  const reserved = await reservePort(given.listen)
  closers.push(() => reserved.release())
  const config = { ...given, listen: { host: reserved.host, port: reserved.port } }
  const onEvent: EventListener = ({ event, ...fields }) => log.write(levelOf(event), event, fields)
  const where = site(config)
  const { store, keyring, sessions } = await openSessions(config, onEvent)
  closers.push(() => store.close())

  const users = config.users === null ? null : await openUsersFile(config.users)
  if (users !== null) {
    closers.push(() => users.close())
    closers.push(followUsers(users, sessions, log))
  }

  const preset = await choosePreset(config.preset, config.upstream, where.base, {
    generic: genericPreset,
    streamlit: () =>
      streamlitPreset({
        state: sealedState(store, keyring),
        app: config.name,
        cookieSecret: toBase64url(keyring.key('streamlit-cookie/v1')),
        publicOrigin: where.origin,
        base: where.base,
        now,
        onError: (error) => log.write('warn', 'tab_not_remembered', { reason: String(error) }),
      }),
  })
  refuseEmptyRules(config, preset)

  const app = await startApp(config, preset, where, log)
  if (app !== null) closers.push(() => app.stop())
  const upstream =
    config.upstream.kind === 'url' ? config.upstream.url : new URL(`http://127.0.0.1:${app?.port}`)
  if (app !== null) await app.ready(appPatience)

  const sockets = socketRegistry({ sessions, now })
  const cookieOptions: CookieOptions = {
    secure: where.secure,
    name: cookieName(config, where),
    port: where.port,
  }
  const sweeper = setInterval(() => void store.sweep(sweepAtOnce).catch(() => undefined), sweepEvery)
  sweeper.unref()
  closers.push(() => clearInterval(sweeper))

  const script = await clientScript()
  await reserved.release()
  const gateway: Gateway = await startGateway(
    {
      app: config.name === '' ? where.origin.slice(where.origin.indexOf('//') + 2) : config.name,
      site: where,
      access: config.access,
      rules: config.rules,
      upstream,
      store,
      sessions,
      sockets,
      cookie: cookieTransport(cookieOptions),
      formCookieName: cookieTransport(cookieOptions, 'form').name,
      formTokens: formTokens(keyring.key('form/v1'), now),
      authenticator: users?.authenticator() ?? null,
      signInGate: gate(store, keyring),
      preset,
      proxy: httpProxy({ upstream }),
      clientAddress: clientAddress(config.trustProxy),
      clientScript: script,
      log,
      onEvent,
      now,
    },
    config.listen,
  )
  closers.push(() => gateway.close())
  return { site: where, preset: preset.name, sessions, close }
}

function gate(store: SessionStore, keyring: Keyring): SignInThrottle {
  return signInThrottle({ store, key: keyring.key('throttle/v1') })
}

/** Two apps on one host share a cookie jar: under a sub-path the path tells their cookies apart. */
function cookieName(config: GatewayConfig, { base }: Site): string {
  return config.name !== '' ? config.name : base.slice(1).replaceAll('/', '-')
}

async function startApp(
  config: GatewayConfig,
  preset: AppPreset,
  { base }: Site,
  log: Log,
): Promise<Supervisor | null> {
  const { upstream } = config
  if (upstream.kind === 'url') return null
  const { command, args } = upstream
  const folder = join(storeFile(config.store) ?? '.holdfast/x', '..')
  const ours = preset.environment()
  return superviseApp({
    command,
    args,
    port: ownPort(args),
    environment: (port) => appEnvironment(process.env, preset, base, port),
    runFile: runFile(join(folder, `run-${config.name === '' ? 'app' : config.name}.json`), [
      command,
      args,
      process.cwd(),
      ours,
    ]),
    log,
  })
}

function refuseEmptyRules(config: GatewayConfig, preset: AppPreset): void {
  const anyRoles = config.rules.some((rule) => (rule.roles ?? []).length > 0)
  const mixed = config.rules.some((rule) => rule.access !== undefined && rule.access !== config.access)
  const objection = config.documentsOnly ? null : preset.objection({ anyRoles, mixed })
  if (objection !== null) throw new ConfigError('ERR_CONFIG_INVALID', `rules: ${objection}`)
}

function levelOf(event: string): 'info' | 'warn' {
  return /refused|reused|rejected|failed|throttled/.test(event) ? 'warn' : 'info'
}
