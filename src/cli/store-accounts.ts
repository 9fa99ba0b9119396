/** The accounts of a store, from outside the gateway: whatever is done here is in the audit log, as done by the command line. */
import { hostname, userInfo } from 'node:os'
import { ConfigError } from '../core/errors.ts'
import type { SessionManager } from '../core/manager.ts'
import { sealedState } from '../core/sealed-state.ts'
import { type Accounts, type Actor, accounts, type Directory, usersFileWay } from '../gateway/accounts.ts'
import { type AuditAction, type AuditLog, auditLog } from '../gateway/audit.ts'
import type { Config } from '../gateway/config.ts'
import { forgetFactors } from '../gateway/factors.ts'
import { openSessions } from '../gateway/sessions.ts'
import { type Account, type Standings, standings } from '../gateway/standing.ts'
import { shown } from './arguments.ts'
import type { Call, CommandOption } from './command.ts'
import { plain } from './terminal.ts'

/** A store that was opened for one piece of work. */
export interface StoreAccounts {
  readonly accounts: Accounts
  readonly standings: Standings
  readonly sessions: SessionManager
  readonly audit: AuditLog
  readonly forgetFactors: (account: Account) => Promise<void>
  readonly by: Actor
  /** Writes down something that is done besides. */
  record<Result>(action: AuditAction, to: Account, work: () => Promise<Result>): Promise<Result>
}

export const wayOption: CommandOption = {
  name: 'way',
  value: '<name>',
  about: 'Of who signs in another way: login-api, or the name of a provider under `oidc`',
}

/** Opens the store, and closes it. Rejects with `ConfigError` for a store that is another process's memory. */
export async function withAccounts<Value>(
  config: Config,
  directory: Directory | null,
  work: (opened: StoreAccounts) => Promise<Value>,
): Promise<Value> {
  if (config.store === 'memory:') {
    throw new ConfigError(
      'ERR_CONFIG_INVALID',
      '--store memory: lives inside the gateway; no other process sees what is in it.',
    )
  }
  const { store, keyring, sessions, adminSessions } = await openSessions(config, () => {})
  try {
    const state = sealedState(store, keyring)
    const known = standings({ state, app: config.name })
    const audit = auditLog({ state, app: config.name, log: { write: () => {} }, now: Date.now })
    const by = whoCalls()
    const shared = {
      ...{ standings: known, sessions, audit },
      forgetFactors: forgetFactors(state, config.name),
    }
    return await work({
      ...{ ...shared, by },
      accounts: accounts({ ...shared, adminSessions, directory }),
      record: (action, to, change) =>
        audit.record({ kind: 'admin', action, by: by.account, to, from: by.from }, change),
    })
  } finally {
    await store.close()
  }
}

/** Whoever vouches for the person that a call is about. Throws `ConfigError` for a way in that there is not. */
export function wayOf({ options }: Call, { oidc }: Config): string {
  const said = options.get(wayOption.name)
  if (typeof said !== 'string' || said === usersFileWay) return usersFileWay
  const provider = oidc.find(({ name }) => name === said)
  if (provider !== undefined) return `oidc:${provider.issuer.href}`
  // Also one that is configured no more, as `users show` spells it.
  if (said === 'login-api' || said.startsWith('oidc:')) return said
  const known = [usersFileWay, 'login-api', ...oidc.map(({ name }) => name)]
  throw new ConfigError(
    'ERR_CONFIG_INVALID',
    `--way ${shown(said)}: there is no such way in. There are: ${known.join(', ')}.`,
  )
}

/** A way in as it is said to a command. */
export function wayText(way: string, { oidc }: Config): string {
  const provider = oidc.find(({ issuer }) => `oidc:${issuer.href}` === way)
  return plain(provider?.name ?? way)
}

function whoCalls(): Actor {
  return { account: { authenticator: 'command-line', userId: userName() }, from: hostname() }
}

function userName(): string {
  try {
    return userInfo().username
  } catch {
    // In a container a number may have no name.
    return `uid ${process.getuid?.() ?? 'unknown'}`
  }
}
