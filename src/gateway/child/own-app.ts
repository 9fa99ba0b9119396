/** The app that `run` starts, or takes over from a run that was killed, with its way to its state. */
import { toBase64url } from '../../core/crypto.ts'
import { ConfigError } from '../../core/errors.ts'
import type { Keyring } from '../../core/keyring.ts'
import type { AppPreset } from '../apps/preset.ts'
import type { GatewayConfig } from '../config.ts'
import type { Log } from '../log.ts'
import { ownPort } from '../preset-choice.ts'
import { runFilePath } from '../run-place.ts'
import { type StateListener, type StateListenerOptions, startStateListener } from '../state/state-listener.ts'
import { appEnvironment, type StateAccess } from './environment.ts'
import { type RunFile, type RunningApp, runFile } from './run-file.ts'
import { type Supervisor, superviseApp } from './supervisor.ts'

export interface OwnAppOptions {
  readonly config: Pick<GatewayConfig, 'store' | 'name' | 'stateListen'>
  readonly command: string
  readonly args: readonly string[]
  readonly preset: AppPreset
  readonly base: string
  readonly key: string
  readonly handle: StateListenerOptions['handle']
  readonly log: Log
}

export interface OwnApp {
  readonly supervisor: Supervisor
  readonly state: StateListener
}

/** The key an app shows where it reaches its state: from the store's root key, so the same after every restart. */
export function stateKey(keyring: Keyring): string {
  return toBase64url(keyring.key('state-api/v1'))
}

/** How the app calls an address: one that means every interface is its own machine's. */
export function stateUrl({ host, port }: { readonly host: string; readonly port: number }): string {
  if (host === '0.0.0.0') return `http://127.0.0.1:${port}`
  if (host === '::') return `http://[::1]:${port}`
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}

/** Starts or takes over the app. Rejects with `ConfigError` where its state cannot be reached as configured. */
export async function startOwnApp(options: OwnAppOptions): Promise<OwnApp> {
  const { config, command, args, preset, base, key, log } = options
  const about = [command, args, process.cwd(), preset.environment(), config.stateListen]
  const place = runFile(runFilePath(config), about)
  const { state, survivor } = await listenFor(await place.survivor(), place, options)
  const access: StateAccess = { url: stateUrl(state), key }
  try {
    const supervisor = await superviseApp({
      command,
      args,
      port: ownPort(args),
      environment: (port) => appEnvironment(process.env, preset, base, port, access),
      runFile: place,
      survivor,
      statePort: state.port,
      log,
    })
    return { supervisor, state }
  } catch (error) {
    await state.close()
    throw error
  }
}

/** A survivor knows one address only; where that is somebody else's by now, it is ended and another app started. */
async function listenFor(
  survivor: RunningApp | null,
  place: RunFile,
  { config, key, handle }: OwnAppOptions,
): Promise<{ readonly state: StateListener; readonly survivor: RunningApp | null }> {
  const listen = config.stateListen ?? { host: '127.0.0.1', port: survivor?.statePort ?? 0 }
  try {
    return { state: await startStateListener({ listen, key, handle }), survivor }
  } catch (error) {
    if (!(error instanceof ConfigError) || config.stateListen !== null || survivor === null) throw error
    place.end(survivor)
    return {
      state: await startStateListener({ listen: { ...listen, port: 0 }, key, handle }),
      survivor: null,
    }
  }
}
