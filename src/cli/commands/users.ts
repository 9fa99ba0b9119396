import { canonicalUserName } from '../../auth/user-name.ts'
import { openUsersFile, type UsersFile } from '../../auth/users-file.ts'
import type { UsersOutcome } from '../../auth/users-outcome.ts'
import { ConfigError, HoldfastError } from '../../core/errors.ts'
import type { Config } from '../../gateway/config.ts'
import { shown } from '../arguments.ts'
import { type Call, type Command, type CommandOption, storeSettings } from '../command.ts'
import { configured } from '../configured.ts'
import { hasStore, revokeUser, withSessions } from '../ended-sessions.ts'
import { columns, formatOf } from '../format.ts'
import { newPassword } from '../new-password.ts'
import { note, plain, say } from '../terminal.ts'

const usual = 'users.yaml'
const settings = ['users', ...storeSettings]
const passwordInput: CommandOption = {
  name: 'password-stdin',
  value: '',
  about: 'Read the password from standard input instead of asking for it',
}
const endsSessions = 'The user’s sessions end at once, also while no gateway runs.'

/** What is done with one open users file. */
type Work = (users: UsersFile, call: Call, config: Config) => Promise<number>

interface Shape extends Partial<Pick<Command, 'options' | 'notes' | 'words' | 'settings'>> {
  readonly synopsis: string
  readonly about: string
  readonly examples: Command['examples']
  /** Whether a missing file is made. */
  readonly create?: boolean
}

function users(verb: string, shape: Shape, work: Work): Command {
  return {
    name: `users ${verb}`,
    settings,
    options: [],
    words: [1, 1],
    takesCommand: false,
    ...shape,
    async run(call) {
      const { config } = await configured(call)
      const file = await open(config.users ?? usual, shape.create ?? false)
      try {
        return await work(file, call, config)
      } finally {
        await file.close()
      }
    },
  }
}

/** Everything that is done with a users file. */
export const usersCommands: readonly Command[] = [
  users(
    'add',
    {
      synopsis: '<name> [options]',
      about: 'Add somebody who may sign in',
      create: true,
      // `--name` is the person's here, not the app's.
      settings: ['users'],
      options: [
        { name: 'name', value: '<text>', about: 'The name that is shown' },
        { name: 'email', value: '<address>', about: 'The e-mail address that the app is told' },
        { name: 'roles', value: '<list>', about: 'Roles, separated by commas' },
        passwordInput,
      ],
      notes: ['The password is asked for, unseen. The file is made if it is not there.'],
      examples: [
        [
          'holdfast users add ada --email ada@example.org --roles admin,editor',
          'Asks for a password and adds ada.',
        ],
        [
          'openssl rand -base64 18 | tee /dev/tty | holdfast users add ben --password-stdin',
          'With a random password.',
        ],
      ],
    },
    async (file, call) => {
      const [name = ''] = call.words
      const text = (option: string): string | undefined => call.options.get(option)?.toString()
      const fullName = text('name')
      const email = text('email')
      const password = await newPassword(call, `Password for ${shown(name)}`)
      return told(
        await file.add(name, {
          password,
          roles: rolesIn(text('roles') ?? ''),
          ...(fullName !== undefined && { name: fullName }),
          ...(email !== undefined && { email }),
        }),
        `${shown(name)} may sign in (${file.path}).`,
      )
    },
  ),
  users(
    'remove',
    {
      synopsis: '<name> [options]',
      about: 'Take somebody out of the users file',
      notes: [endsSessions],
      examples: [['holdfast users remove ada', 'ada is out at once and cannot sign in.']],
    },
    changing(
      (file, name) => file.remove(name),
      (name) => `${name} is removed.`,
    ),
  ),
  users(
    'password',
    {
      synopsis: '<name> [options]',
      about: 'Set a new password',
      options: [passwordInput],
      notes: [endsSessions],
      examples: [['holdfast users password ada', 'Asks for the new password, unseen.']],
    },
    changing(
      async (file, name, call) =>
        file.setPassword(name, await newPassword(call, `New password for ${shown(name)}`)),
      (name) => `${name} has a new password.`,
    ),
  ),
  users(
    'disable',
    {
      synopsis: '<name> [options]',
      about: 'Keep somebody out without forgetting them',
      notes: [endsSessions],
      examples: [
        ['holdfast users disable ada', 'ada is out at once; `holdfast users enable ada` undoes it.'],
      ],
    },
    changing(
      (file, name) => file.setDisabled(name, true),
      (name) => `${name} is disabled.`,
    ),
  ),
  users(
    'enable',
    {
      synopsis: '<name> [options]',
      about: 'Let somebody in again who was disabled',
      examples: [['holdfast users enable ada', 'ada may sign in again.']],
    },
    async (file, call) => {
      const [name = ''] = call.words
      return told(await file.setDisabled(name, false), `${shown(name)} may sign in again.`)
    },
  ),
  users(
    'roles',
    {
      synopsis: '<name> <roles> [options]',
      about: 'Set somebody’s roles, separated by commas; "" for none',
      words: [2, 2],
      notes: [endsSessions],
      examples: [['holdfast users roles ada admin,editor', 'ada has these two roles and no other.']],
    },
    changing(
      (file, name, { words }) => file.setRoles(name, rolesIn(words[1] ?? '')),
      (name, { words }) =>
        `${name} has ${words[1] === '' ? 'no roles' : `the roles ${shown(words[1] ?? '')}`}.`,
    ),
  ),
  users(
    'list',
    {
      synopsis: '[options]',
      about: 'Show who may sign in',
      words: [0, 0],
      options: [{ name: 'format', value: '<form>', about: 'text (the usual) or json' }],
      examples: [['holdfast users list --format json', 'All users, without their passwords’ hashes.']],
    },
    async (file, call) => {
      const all = file.list()
      if (formatOf(call, ['text', 'json']) === 'json') say(JSON.stringify(all, null, 2))
      else if (all.length === 0) note(`There is nobody in ${file.path}. See: holdfast users add --help`)
      else {
        const rows = all.map(({ userId, name, email, roles, disabled, hash }) =>
          [
            userId,
            name ?? '',
            email ?? '',
            roles.join(','),
            disabled ? 'disabled' : (hash ?? 'no password'),
          ].map(plain),
        )
        say(columns([['USER', 'NAME', 'E-MAIL', 'ROLES', 'SIGN-IN'], ...rows]))
      }
      return 0
    },
  ),
  users(
    'import',
    {
      synopsis: '<file> [options]',
      about: 'Take over the users of another file, with their passwords',
      create: true,
      notes: [
        'Reads another users file, or the config.yaml of Streamlit-Authenticator. Who is there already stays as is.',
      ],
      examples: [
        ['holdfast users import config.yaml', 'Everybody of Streamlit-Authenticator’s config.yaml.'],
      ],
    },
    async (file, call) => {
      const { imported, skipped } = await file.import(call.words[0] ?? '')
      say(`${imported.length} imported into ${file.path}.`)
      if (skipped.length > 0) say(`${skipped.length} were there already: ${skipped.map(plain).join(', ')}`)
      return 0
    },
  ),
]

async function open(path: string, create: boolean): Promise<UsersFile> {
  return openUsersFile(path, { create })
}

function rolesIn(text: string): readonly string[] {
  return text
    .split(',')
    .map((role) => role.trim())
    .filter((role) => role !== '')
}

/** A change after which the user must sign in anew. */
function changing(
  change: (file: UsersFile, name: string, call: Call) => Promise<UsersOutcome>,
  message: (name: string, call: Call) => string,
): Work {
  return async (file, call, config) => {
    const [name = ''] = call.words
    const code = told(await change(file, name, call), message(shown(name), call))
    return code === 0 ? await endSessions(config, canonicalUserName(name) ?? name) : code
  }
}

function told(outcome: UsersOutcome, message: string): number {
  if (outcome.done) {
    say(message)
    return 0
  }
  note(`holdfast: ${outcome.message}`)
  return outcome.reason === 'bad-name' ? 2 : 1
}

async function endSessions(config: Config, userId: string): Promise<number> {
  if (!hasStore(config)) return 0
  try {
    const count = await withSessions(config, (sessions) => revokeUser(sessions, config.name, userId))
    if (count > 0) say(count === 1 ? 'The session of that user has ended.' : `${count} sessions have ended.`)
    return 0
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error
    // The file says it now; a gateway that runs follows it. Without one, this is left to do.
    note(`holdfast: The sessions in ${config.store} could not be ended: ${error.message}`)
    note(`Then run: holdfast sessions revoke --user ${shown(userId)}`)
    return error instanceof ConfigError ? 2 : 1
  }
}
