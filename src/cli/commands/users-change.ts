/** What the commands of a users file have in common: the file, and what a change of it comes to in the store. */
import { canonicalUserName } from '../../auth/user-name.ts'
import { openUsersFile, type UsersFile } from '../../auth/users-file.ts'
import type { UsersOutcome } from '../../auth/users-outcome.ts'
import { ConfigError, HoldfastError } from '../../core/errors.ts'
import { usersFileWay } from '../../gateway/accounts.ts'
import type { Config } from '../../gateway/config.ts'
import { placeWords } from '../../gateway/place-words.ts'
import type { Account } from '../../gateway/standing.ts'
import { shownStore } from '../../gateway/store-choice.ts'
import { shown } from '../arguments.ts'
import { type Call, type Command, storeSettings } from '../command.ts'
import { configured } from '../configured.ts'
import { hasStore } from '../ended-sessions.ts'
import { type StoreAccounts, wayOf, wayOption, withAccounts } from '../store-accounts.ts'
import { note, say } from '../terminal.ts'

const usual = 'users.yaml'
const settings = ['users', ...storeSettings]

/** What is done with one open users file. */
type Work = (users: UsersFile, call: Call, config: Config) => Promise<number>

/** What is done in the store, for replicas that run and for those that start. */
type InStore = (opened: StoreAccounts, account: Account, call: Call) => Promise<UsersOutcome>

interface Shape extends Partial<Pick<Command, 'options' | 'notes' | 'words' | 'settings'>> {
  readonly synopsis: string
  readonly about: string
  readonly examples: Command['examples']
  /** Whether a missing file is made. */
  readonly create?: boolean
}

/** What a change comes to where it is not, or not only, one of the file. */
interface Elsewhere {
  readonly change: InStore
  readonly message: (name: string, call: Call) => string
}

/** One command. */
export function users(verb: string, shape: Shape, work: Work, elsewhere?: Elsewhere): Command {
  const own = shape.options ?? []
  return {
    name: `users ${verb}`,
    settings,
    words: [1, 1],
    takesCommand: false,
    ...shape,
    options: elsewhere === undefined ? own : [...own, wayOption],
    async run(call) {
      const { config } = await configured(call)
      const way = wayOf(call, config)
      if (elsewhere !== undefined && way !== usersFileWay)
        return changeElsewhere(config, way, call, elsewhere)
      const file = await open(config, shape.create ?? false)
      try {
        return await work(file, call, config)
      } finally {
        await file.close()
      }
    },
  }
}

async function open({ users, name, publicUrl }: Config, create: boolean): Promise<UsersFile> {
  return openUsersFile(users ?? usual, { create, words: placeWords(name, publicUrl) })
}

/**
 * A change of the file, and then what it comes to in the store. With `again`, a call whose store was away is to be made once
 * more: the file has nobody to change by then, and the store still has.
 */
export function changing(
  change: (file: UsersFile, name: string, call: Call) => Promise<UsersOutcome>,
  message: (name: string, call: Call) => string,
  inStore: InStore,
  again?: string,
): Work {
  return async (file, call, config) => {
    const [name = ''] = call.words
    // The file first: it is the owner's, and can be changed where the store is away.
    const outcome = await change(file, name, call)
    const code = told(outcome, message(shown(name), call))
    const userId = canonicalUserName(name) ?? name
    if (!outcome.done && (again === undefined || outcome.reason !== 'unknown-user')) return code
    const next = again === undefined ? 'run: holdfast sessions revoke --user' : `run again: holdfast ${again}`
    const account = { authenticator: usersFileWay, userId }
    return Math.max(code, await settled(config, file, account, call, inStore, next))
  }
}

/** A change of somebody of the file, or of somebody with another way in. */
export function both(
  verb: string,
  shape: Shape,
  change: (file: UsersFile, name: string, call: Call) => Promise<UsersOutcome>,
  elsewhere: Elsewhere,
): Command {
  const inFile = changing(change, elsewhere.message, elsewhere.change)
  const work: Work = async (file, call, config) => {
    try {
      return await inFile(file, call, config)
    } catch (error) {
      // A file that cannot be written, a mounted one, is no reason to keep nobody out: the store can say it alone.
      if (!(error instanceof ConfigError) || !hasStore(config)) throw error
      const code = await changeElsewhere(config, usersFileWay, call, elsewhere, file)
      if (code === 0) note(`The store keeps it. ${error.message}`)
      return code
    }
  }
  return users(verb, shape, work, elsewhere)
}

async function changeElsewhere(
  config: Config,
  authenticator: string,
  call: Call,
  { change, message }: Elsewhere,
  file: UsersFile | null = null,
): Promise<number> {
  const [name = ''] = call.words
  const userId = file === null ? name : (canonicalUserName(name) ?? name)
  return withAccounts(config, file, async (opened) => {
    const account = { authenticator, userId }
    const live = (await opened.accounts.sessionsOf(account)).length
    const code = told(await change(opened, account, call), message(shown(userId), call))
    if (code === 0) await sayEnded(opened, account, live)
    return code
  })
}

async function sayEnded({ accounts }: StoreAccounts, account: Account, before: number): Promise<void> {
  const count = before - (await accounts.sessionsOf(account)).length
  if (count > 0) say(count === 1 ? 'The session of that user has ended.' : `${count} sessions have ended.`)
}

/** Says how it ended; the exit code. */
export function told(outcome: UsersOutcome, message: string): number {
  if (outcome.done) {
    say(message)
    return 0
  }
  note(`holdfast: ${outcome.message}`)
  return outcome.reason === 'bad-name' ? 2 : 1
}

/** Makes it hold in the store too; the exit code. */
async function settled(
  config: Config,
  file: UsersFile,
  account: Account,
  call: Call,
  inStore: InStore,
  next: string,
): Promise<number> {
  if (!hasStore(config)) return 0
  try {
    await withAccounts(config, file, async (opened) => {
      const live = (await opened.accounts.sessionsOf(account)).length
      await inStore(opened, account, call)
      await sayEnded(opened, account, live)
    })
    return 0
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error
    // The file says it now; a gateway that runs follows it. Without one, this is left to do.
    note(`holdfast: The sessions in ${shownStore(config.store)} could not be ended: ${error.message}`)
    note(`Then ${next} ${shown(account.userId)}`)
    return error instanceof ConfigError ? 2 : 1
  }
}
