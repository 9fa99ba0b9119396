/** Who may sign in, and who sees to it that those who no longer may are out. */
import { loginApi } from '../auth/login-api.ts'
import { openUsersFile } from '../auth/users-file.ts'
import type { CredentialsAuthenticator } from '../core/contracts.ts'
import { sealedState } from '../core/sealed-state.ts'
import type { Config } from './config.ts'
import type { Log } from './log.ts'
import type { OpenedSessions } from './sessions.ts'
import { followUsers } from './users-follower.ts'
import { type Vouching, vouching } from './vouching.ts'

export interface People {
  /** `null`: nobody can sign in with a password. */
  readonly authenticator: CredentialsAuthenticator | null
  /** `null` where a login API has no part in it. */
  readonly vouching: Vouching | null
  close(): Promise<void>
}

export interface PeopleOptions extends OpenedSessions {
  readonly config: Pick<Config, 'users' | 'loginApi' | 'name'>
  readonly log: Log
  readonly now: () => number
}

/** Opens what the configuration names. Rejects with `ConfigError`, or `StoreError` where it cannot be known who is in. */
export async function openPeople(options: PeopleOptions): Promise<People> {
  const { config, store, keyring, sessions, log, now } = options
  const state = sealedState(store, keyring)
  const app = config.name
  if (config.loginApi !== null) {
    const { url, verifyUrl, verifyEvery: every } = config.loginApi
    const api = loginApi({ url, verifyUrl })
    const asked = vouching({ api, store, sessions, state, app, every, log, now })
    return { authenticator: asked.authenticator, vouching: asked, close: async () => undefined }
  }
  if (config.users === null) return { authenticator: null, vouching: null, close: async () => undefined }
  const users = await openUsersFile(config.users)
  try {
    const stop = await followUsers({ users, sessions, state, app, log })
    return {
      authenticator: users.authenticator(),
      vouching: null,
      async close() {
        stop()
        await users.close()
      },
    }
  } catch (error) {
    await users.close()
    throw error
  }
}
