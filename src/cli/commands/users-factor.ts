import { existsSync } from 'node:fs'
import { canonicalUserName } from '../../auth/user-name.ts'
import { openUsersFile } from '../../auth/users-file.ts'
import type { UsersOutcome } from '../../auth/users-outcome.ts'
import { type Accounts, type Actor, usersFileWay } from '../../gateway/accounts.ts'
import type { Config } from '../../gateway/config.ts'
import type { Account } from '../../gateway/standing.ts'
import { shown } from '../arguments.ts'
import { type Call, type Command, storeSettings } from '../command.ts'
import { configured } from '../configured.ts'
import { wayOf, wayOption, withAccounts } from '../store-accounts.ts'
import { note, say } from '../terminal.ts'

const usual = 'users.yaml'

const notes = ['The user’s sessions end at once. The store keeps it, for every gateway on it.']
const shape = { settings: ['users', ...storeSettings], words: [1, 1], takesCommand: false } as const

/** Has somebody show a second factor from now on. */
export const usersRequireFactor: Command = {
  ...shape,
  name: 'users require-factor',
  synopsis: '<name> [--off] [options]',
  about: 'Let somebody in with a second factor only',
  options: [{ name: 'off', value: '', about: 'Stop requiring it' }, wayOption],
  notes,
  examples: [
    ['holdfast users require-factor ada', 'ada is asked for a second factor when she signs in next.'],
    ['holdfast users require-factor ada --off', 'Her password is enough again.'],
  ],
  run(call) {
    const required = !call.options.has('off')
    return changing(
      call,
      (accounts, by, account) => accounts.requireFactor(by, account, required),
      required ? 'must show a second factor.' : 'need not show a second factor.',
    )
  },
}

/** For somebody whose phone is gone, and the codes with it. */
export const usersResetFactors: Command = {
  ...shape,
  name: 'users reset-factors',
  synopsis: '<name> [options]',
  about: 'Forget the second factors of somebody who lost them',
  options: [wayOption],
  notes: [
    ...notes,
    'Be sure whom you speak with: until they set up a new one, the password is all that is asked for.',
  ],
  examples: [
    ['holdfast users reset-factors ada', 'ada signs in with her password, and sets up a new factor.'],
  ],
  run: (call) =>
    changing(
      call,
      (accounts, by, account) => accounts.resetFactors(by, account),
      'has no second factor any more.',
    ),
}

async function changing(
  call: Call,
  change: (accounts: Accounts, by: Actor, account: Account) => Promise<UsersOutcome>,
  done: string,
): Promise<number> {
  const { config } = await configured(call)
  const authenticator = wayOf(call, config)
  const [name = ''] = call.words
  const userId = authenticator === usersFileWay ? (canonicalUserName(name) ?? name) : name
  const file = authenticator === usersFileWay ? await openFile(config) : null
  try {
    const outcome = await withAccounts(config, file, ({ accounts, by }) =>
      change(accounts, by, { authenticator, userId }),
    )
    if (outcome.done) say(`${shown(name)} ${done}`)
    else note(`holdfast: ${outcome.message}`)
    return outcome.done ? 0 : 1
  } finally {
    await file?.close()
  }
}

function openFile({ users }: Config) {
  const path = users ?? usual
  return openUsersFile(path, { create: users === null && !existsSync(path) })
}
