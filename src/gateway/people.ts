/** Who may sign in, and who sees to it that those who no longer may are out. */
import { loginApi, loginApiAuthenticator } from '../auth/login-api.ts'
import { type OidcProvider, oidcProvider } from '../auth/oidc-provider.ts'
import { openUsersFile, type UsersFile } from '../auth/users-file.ts'
import type { CredentialsAuthenticator, Identity } from '../core/contracts.ts'
import { sealedState } from '../core/sealed-state.ts'
import { ownPath } from '../pages/own-path.ts'
import type { Config } from './config.ts'
import { type HeardLogouts, heardLogouts } from './heard-logouts.ts'
import type { Log } from './log.ts'
import { placeWords } from './place-words.ts'
import { type ProviderEndings, providerEndings } from './provider-endings.ts'
import type { OpenedSessions } from './sessions.ts'
import type { Site } from './site.ts'
import type { Standings } from './standing.ts'
import { followUsers } from './users-follower.ts'
import { type Vouching, type VouchingOptions, vouching } from './vouching.ts'

/** An identity provider that one can sign in with. */
export interface ProviderChoice {
  /** As it is named in paths. */
  readonly name: string
  /** As people know it. */
  readonly label: string
  readonly provider: OidcProvider
}

export interface People {
  /** `null`: nobody can sign in with a password. */
  readonly authenticator: CredentialsAuthenticator | null
  /** Changes the password of somebody whose old one was checked; `null` where passwords are kept by others. */
  readonly setPassword: UsersFile['setPassword'] | null
  /** The users file; `null` where passwords are kept by others. */
  readonly usersFile: UsersFile | null
  /** What to ask by about an identity that `authenticator` gave; `null` if there is nothing. */
  tokenOf(identity: Identity): string | null
  /** Who a name of the users file stands for now; `null` for one who is unknown or disabled, and without such a file. */
  known(username: string): Identity | null
  readonly providers: readonly ProviderChoice[]
  /** What these have said of who is out. */
  readonly heardLogouts: HeardLogouts
  /** What sign-ins that were under way are to find of it. */
  readonly providerEndings: ProviderEndings
  readonly vouching: Vouching
  close(): Promise<void>
}

export interface PeopleOptions extends Pick<OpenedSessions, 'store' | 'keyring' | 'sessions'> {
  readonly config: Pick<Config, 'users' | 'loginApi' | 'oidc' | 'name'>
  readonly site: Pick<Site, 'origin' | 'base'>
  readonly standings: Standings
  readonly log: Log
  readonly now: () => number
}

type Vouchers = VouchingOptions['vouchers']
type Passwords = Pick<
  People,
  'authenticator' | 'setPassword' | 'usersFile' | 'tokenOf' | 'known' | 'close'
> & {
  readonly vouchers: Vouchers
}

/** Opens what the configuration names. Rejects with `ConfigError`, or `StoreError` where it cannot be known who is in. */
export async function openPeople(options: PeopleOptions): Promise<People> {
  const { config, site, store, keyring, sessions, standings, log, now } = options
  const state = sealedState(store, keyring)
  const { vouchers, ...passwords } = await openPasswords(options)
  const chosen = config.oidc.map(({ name, label, verifyEvery: every, ...more }) => {
    const redirectUri = `${site.origin}${ownPath(site.base, `oidc/${name}/callback`)}`
    return { name, label, every, provider: oidcProvider({ ...more, redirectUri }) }
  })
  const asked = [...vouchers, ...chosen.map(({ provider, every }) => ({ voucher: provider, every }))]
  return {
    ...passwords,
    providers: chosen,
    heardLogouts: heardLogouts({ state, app: config.name, now }),
    providerEndings: providerEndings({ state, app: config.name, now }),
    vouching: vouching({ vouchers: asked, store, sessions, state, standings, app: config.name, log, now }),
  }
}

async function openPasswords({
  config,
  site,
  store,
  keyring,
  sessions,
  log,
}: PeopleOptions): Promise<Passwords> {
  const nothing = {
    setPassword: null,
    usersFile: null,
    tokenOf: () => null,
    known: () => null,
    vouchers: [],
    close: async () => undefined,
  }
  if (config.loginApi !== null) {
    const { url, verifyUrl, verifyEvery: every } = config.loginApi
    const api = loginApi({ url, verifyUrl })
    return { ...nothing, ...loginApiAuthenticator(api), vouchers: [{ voucher: api, every }] }
  }
  if (config.users === null) return { ...nothing, authenticator: null }
  const users = await openUsersFile(config.users, { words: placeWords(config.name, site.origin) })
  try {
    const state = sealedState(store, keyring)
    const stop = await followUsers({ users, sessions, state, app: config.name, log })
    return {
      ...nothing,
      authenticator: users.authenticator(),
      usersFile: users,
      known: (username) => users.identity(username),
      setPassword: (name, password) => users.setPassword(name, password),
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
