import { existsSync } from 'node:fs'
import { canonicalUserName } from '../../auth/user-name.ts'
import { openUsersFile } from '../../auth/users-file.ts'
import { usersFileWay } from '../../gateway/accounts.ts'
import type { Config } from '../../gateway/config.ts'
import { shown } from '../arguments.ts'
import { type Command, storeSettings } from '../command.ts'
import { configured } from '../configured.ts'
import { wayOf, wayOption, withAccounts } from '../store-accounts.ts'
import { note, say } from '../terminal.ts'

const usual = 'users.yaml'

/** Has somebody show a second factor from now on. */
export const usersRequireFactor: Command = {
  name: 'users require-factor',
  synopsis: '<name> [--off] [options]',
  about: 'Let somebody in with a second factor only',
  settings: ['users', ...storeSettings],
  options: [{ name: 'off', value: '', about: 'Stop requiring it' }, wayOption],
  words: [1, 1],
  takesCommand: false,
  notes: ['The user’s sessions end at once. The store keeps it, for every gateway on it.'],
  examples: [
    ['holdfast users require-factor ada', 'ada is asked for a second factor when she signs in next.'],
    ['holdfast users require-factor ada --off', 'Her password is enough again.'],
  ],
  async run(call) {
    const { config } = await configured(call)
    const way = wayOf(call, config)
    const [name = ''] = call.words
    const userId = way === usersFileWay ? (canonicalUserName(name) ?? name) : name
    const required = !call.options.has('off')
    const file = way === usersFileWay ? await openFile(config) : null
    try {
      const outcome = await withAccounts(config, file, ({ accounts, by }) =>
        accounts.requireFactor(by, { authenticator: way, userId }, required),
      )
      if (!outcome.done) {
        note(`holdfast: ${outcome.message}`)
        return 1
      }
      say(`${shown(name)} ${required ? 'must show a second factor.' : 'need not show a second factor.'}`)
      return 0
    } finally {
      await file?.close()
    }
  },
}

function openFile({ users }: Config) {
  const path = users ?? usual
  return openUsersFile(path, { create: users === null && !existsSync(path) })
}
