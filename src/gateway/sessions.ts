/** The store with its keys and its sessions, for the gateway and for commands that need no gateway. */
import type { SessionStore } from '../core/contracts.ts'
import type { EventListener } from '../core/events.ts'
import { type Keyring, openKeyring } from '../core/keyring.ts'
import { guardKeyring, type KeyringGuard } from '../core/keyring-guard.ts'
import type { SessionManager } from '../core/manager.ts'
import { oncePerTurn } from '../core/turn.ts'
import { bothSessions } from './admin/admin-sessions.ts'
import type { Config } from './config.ts'
import { serverSecrets } from './secrets.ts'
import { openStore, storeFile } from './store-choice.ts'

/** What was opened. Whoever opened it closes the store. */
export interface OpenedSessions {
  readonly store: SessionStore
  readonly keyring: Keyring
  readonly keyringGuard: KeyringGuard
  readonly sessions: SessionManager
  readonly adminSessions: SessionManager
}

/** Opens the store with its secrets. Rejects with `ConfigError` or `StoreError`; then nothing stays open. */
export async function openSessions(config: Config, onEvent: EventListener): Promise<OpenedSessions> {
  const store = await openStore(config.store)
  try {
    const secrets = await secretsOf(config, store)
    const keyring = await openKeyring(store, secrets)
    const keyringGuard = guardKeyring({ store, keyring, secrets, onEvent })
    const { policy, name: app } = config
    const isCurrent = oncePerTurn(() => store.isCurrent())
    const both = bothSessions({ store, keyring, policy, app, isCurrent, onEvent })
    return { store, keyring, keyringGuard, ...both }
  } catch (error) {
    await store.close()
    throw error
  }
}

/** The server secrets, newest first; made for an embedded store that was never used. */
export async function secretsOf(config: Config, store: SessionStore): Promise<readonly string[]> {
  const file = storeFile(config.store)
  return serverSecrets({
    given: config.secrets,
    file: config.secretFile,
    storeFile: file,
    shared: file === null && config.store !== 'memory:',
    used: (await store.readKeyring()) !== null,
  })
}
