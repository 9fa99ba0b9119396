/** What is known of an account beside who vouches for it: whether it is kept out, must show a factor, and has other roles. */
import type { Identity, Json, StateScope } from '../core/contracts.ts'
import { StoreError } from '../core/errors.ts'
import type { SealedState } from '../core/sealed-state.ts'

/** Names are told apart by who vouches for them: two of one name at two places are two accounts. */
export type Account = Pick<Identity, 'authenticator' | 'userId'>

/** What an account is kept under: two texts that no third spells, whatever is in a name. */
export function accountKey({ authenticator, userId }: Account): string {
  return JSON.stringify([authenticator, userId])
}

export interface AccountStanding {
  /** Cannot sign in, whatever the way in. */
  readonly disabled: boolean
  /** A password alone is not enough. */
  readonly factorRequired: boolean
  /** The roles of somebody whose roles are not in the users file; `null`: those that whoever vouches for them says. */
  readonly roles: readonly string[] | null
}

/** Every method rejects with `StoreError` when the store cannot tell: that is not "nothing is known". */
export interface Standings {
  of(account: Account): Promise<AccountStanding>
  /** Changes what is given, leaves the rest, as one step: two who change an account at once both keep their change. */
  change(account: Account, change: Partial<AccountStanding>): Promise<AccountStanding>
  /** Forgets all of it: the account is no more. */
  forget(account: Account): Promise<void>
  /** The accounts that something is known of, in the order in which it was first known. */
  accounts(): Promise<readonly Account[]>
  /** The same person as we know them: with the roles that were set here. */
  applied(identity: Identity): Promise<Identity>
}

export interface StandingsOptions {
  /** Sealed for servers: who reads the database learns no name. */
  readonly state: SealedState
  /** The app's name: apps that share a store have accounts of their own. */
  readonly app: string
}

const usual: AccountStanding = { disabled: false, factorRequired: false, roles: null }
// Keys are kept as images only, so that who has a record is listed beside. Those beyond are found by name alone.
const mostListed = 10_000
const listKey = 'accounts'

export function standings({ state, app }: StandingsOptions): Standings {
  const scope: StateScope = { sid: null, name: `standing:${app}` }

  // SECURITY: a change that changes nothing, in place of a plain read: what does not open must not read as "not disabled".
  const read = async (key: string): Promise<Json> => present(await state.change(scope, key, () => undefined))

  const list = async (key: string, isThere: boolean): Promise<void> => {
    await state.change(scope, listKey, (value) => {
      const keys = listed(value)
      if (keys.includes(key) === isThere || (isThere && keys.length >= mostListed)) return undefined
      return isThere ? [...keys, key] : keys.filter((one) => one !== key)
    })
  }

  const of = async (account: Account): Promise<AccountStanding> => standingOf(await read(accountKey(account)))

  return {
    of,

    async change(account, change) {
      const key = accountKey(account)
      // Listed first: a record that is not listed would be found by nobody who does not know the name.
      await list(key, true)
      const changed = await state.change(scope, key, (value) => ({ ...standingOf(value), ...change }))
      return standingOf(present(changed))
    },

    async forget(account) {
      const key = accountKey(account)
      await state.set(scope, key, null)
      await list(key, false)
    },

    async accounts() {
      return listed(await read(listKey)).flatMap((key) => {
        const [authenticator, userId] = JSON.parse(key) as readonly string[]
        return authenticator === undefined || userId === undefined ? [] : [{ authenticator, userId }]
      })
    },

    async applied(identity) {
      const { roles } = await of(identity)
      return roles === null ? identity : { ...identity, claims: { ...identity.claims, roles } }
    },
  }
}

function present(changed: { readonly value: Json } | 'gone'): Json {
  // State without a session has no owner that could end.
  return changed === 'gone' ? null : changed.value
}

function listed(value: Json): readonly string[] {
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : []
}

function standingOf(value: Json): AccountStanding {
  if (value === null) return usual
  if (typeof value !== 'object' || Array.isArray(value)) throw corrupt()
  const { disabled, factorRequired, roles } = value as { readonly [name: string]: Json | undefined }
  if (typeof disabled !== 'boolean' || typeof factorRequired !== 'boolean') throw corrupt()
  if (roles === null) return { disabled, factorRequired, roles }
  if (!Array.isArray(roles) || !roles.every((role) => typeof role === 'string')) throw corrupt()
  return { disabled, factorRequired, roles }
}

function corrupt(): StoreError {
  return new StoreError('ERR_STORE_CORRUPT', 'What is kept of an account cannot be read.')
}
