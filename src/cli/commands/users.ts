import { shown } from '../arguments.ts'
import type { Command, CommandOption } from '../command.ts'
import { columns, formatOf } from '../format.ts'
import { newPassword } from '../new-password.ts'
import { note, plain, say } from '../terminal.ts'
import { both, changing, told, users } from './users-change.ts'

const passwordInput: CommandOption = {
  name: 'password-stdin',
  value: '',
  about: 'Read the password from standard input instead of asking for it',
}
const elsewhereNote =
  'With --way it is for somebody who is not in the users file, before they ever came or after; the store keeps it.'
const endsSessions = 'The user’s sessions end at once, also while no gateway runs.'

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
      ({ record, sessions, standings, forgetFactors }, account) =>
        record('remove', account, async () => {
          // Whoever is given the name next must not meet their factors.
          await forgetFactors(account)
          await standings.forget(account)
          await sessions.revokeUser(account)
          return { done: true }
        }),
      'users remove',
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
      ({ record, sessions }, account) =>
        record('password', account, async () => {
          await sessions.revokeUser(account)
          return { done: true }
        }),
    ),
  ),
  both(
    'disable',
    {
      synopsis: '<name> [options]',
      about: 'Keep somebody out without forgetting them',
      notes: [endsSessions, elsewhereNote],
      examples: [
        ['holdfast users disable ada', 'ada is out at once; `holdfast users enable ada` undoes it.'],
        ['holdfast users disable eve@example.org --way google', 'So is who signs in at that provider.'],
      ],
    },
    (file, name) => file.setDisabled(name, true),
    {
      change: ({ accounts, by }, account) => accounts.setDisabled(by, account, true),
      message: (name) => `${name} is disabled.`,
    },
  ),
  both(
    'enable',
    {
      synopsis: '<name> [options]',
      about: 'Let somebody in again who was disabled',
      examples: [['holdfast users enable ada', 'ada may sign in again.']],
    },
    (file, name) => file.setDisabled(name, false),
    {
      change: ({ accounts, by }, account) => accounts.setDisabled(by, account, false),
      message: (name) => `${name} may sign in again.`,
    },
  ),
  both(
    'roles',
    {
      synopsis: '<name> <roles> [options]',
      about: 'Set somebody’s roles, separated by commas; "" for none',
      words: [2, 2],
      notes: [endsSessions, elsewhereNote],
      examples: [
        ['holdfast users roles ada admin,editor', 'ada has these two roles and no other.'],
        ['holdfast users roles eve@example.org editor --way google', 'In place of those the provider says.'],
      ],
    },
    (file, name, { words }) => file.setRoles(name, rolesIn(words[1] ?? '')),
    {
      change: ({ accounts, by }, account, { words }) =>
        accounts.setRoles(by, account, rolesIn(words[1] ?? '')),
      message: (name, { words }) =>
        `${name} has ${words[1] === '' ? 'no roles' : `the roles ${shown(words[1] ?? '')}`}.`,
    },
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

function rolesIn(text: string): readonly string[] {
  return text
    .split(',')
    .map((role) => role.trim())
    .filter((role) => role !== '')
}
