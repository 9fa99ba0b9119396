import { existsSync } from 'node:fs'
import { canonicalUserName } from '../../auth/user-name.ts'
import { openUsersFile, type UsersFile } from '../../auth/users-file.ts'
import { type AccountSession, type AccountView, usersFileWay } from '../../gateway/accounts.ts'
import type { Config } from '../../gateway/config.ts'
import { type Account, accountKey } from '../../gateway/standing.ts'
import { shown } from '../arguments.ts'
import { type Command, storeSettings } from '../command.ts'
import { configured } from '../configured.ts'
import { columns, formatOf } from '../format.ts'
import { type StoreAccounts, wayOf, wayOption, wayText, withAccounts } from '../store-accounts.ts'
import { note, plain, say } from '../terminal.ts'

const usual = 'users.yaml'

interface Shown {
  readonly view: AccountView
  readonly sessions: readonly AccountSession[]
}

/** Shows everything that is known of somebody, whatever their way in. */
export const usersShow: Command = {
  name: 'users show',
  synopsis: '<name> [options]',
  about: 'Show how somebody’s account stands, and where they are signed in',
  settings: ['users', ...storeSettings],
  options: [wayOption, { name: 'format', value: '<form>', about: 'text (the usual) or json' }],
  words: [1, 1],
  takesCommand: false,
  notes: ['Without --way it shows every account of that name: at a provider it may be somebody else.'],
  examples: [
    ['holdfast users show ada', 'Whether ada may sign in, as what, and where she is signed in now.'],
    ['holdfast users show ada@example.org --way google', 'The same for who signs in at that provider.'],
  ],
  async run(call) {
    const format = formatOf(call, ['text', 'json'])
    const { config } = await configured(call)
    const [name = ''] = call.words
    const way = call.options.has(wayOption.name) ? wayOf(call, config) : null
    const file = await openFile(config)
    try {
      const found = await withAccounts(config, file, (opened) => find(opened, file, name, way))
      if (format === 'json')
        say(
          JSON.stringify(
            found.map((one) => asJson(one, config)),
            null,
            2,
          ),
        )
      else for (const one of found) say(asText(one, config))
      if (found.length > 0) return 0
      if (format === 'text') note(`Nothing is known of ${shown(name)}. See: holdfast users list`)
      return 1
    } finally {
      await file?.close()
    }
  },
}

async function openFile({ users }: Config): Promise<UsersFile | null> {
  if (users === null && !existsSync(usual)) return null
  return openUsersFile(users ?? usual)
}

async function find(
  { accounts, standings, sessions }: StoreAccounts,
  file: UsersFile | null,
  name: string,
  way: string | null,
): Promise<readonly Shown[]> {
  const canonical = canonicalUserName(name) ?? name
  const found = new Map<string, Account>()
  const add = ({ authenticator, userId }: Account): void => {
    const theirs = authenticator === usersFileWay ? canonical : name
    if (userId !== theirs || (way !== null && authenticator !== way)) return
    found.set(accountKey({ authenticator, userId }), { authenticator, userId })
  }
  for (const { userId } of file?.list() ?? []) add({ authenticator: usersFileWay, userId })
  for (const account of await standings.accounts()) add(account)
  for await (const { identity } of sessions.listAll()) if (identity !== null) add(identity)
  return Promise.all(
    [...found.values()].map(async (account) => ({
      view: await accounts.view(account),
      sessions: await accounts.sessionsOf(account),
    })),
  )
}

function asText({ view, sessions }: Shown, config: Config): string {
  const { userId, authenticator, name, email, disabled, factorRequired, roles } = view
  const facts = [
    ['Name', name],
    ['E-mail', email],
    ['State', disabled ? 'disabled' : 'may sign in'],
    ['Roles', roles === null ? 'as the place says where they sign in' : roles.join(', ') || 'none'],
    ['Second factor', factorRequired ? 'required' : 'not required'],
    ['Sessions', String(sessions.length)],
  ]
  const rows = facts.flatMap(([term = '', value]) => (value == null ? [] : [[`  ${term}`, plain(value)]]))
  const head = `${plain(userId)} (${wayText(authenticator, config)})\n${columns(rows)}`
  if (sessions.length === 0) return head
  const at = (time: number): string => new Date(time).toISOString().slice(0, 16).replace('T', ' ')
  const table = sessions.map(({ session: { sid, createdAt, idleAt, idle, device }, admin }) => [
    ...[`  ${sid}`, at(createdAt), at(idleAt - idle), admin ? 'admin page' : 'app', plain(device.address)],
    plain(device.userAgent).slice(0, 60),
  ])
  return `${head}\n${columns([['  SID', 'SINCE', 'LAST SEEN', 'WHERE', 'ADDRESS', 'BROWSER'], ...table])}`
}

function asJson({ view, sessions }: Shown, config: Config): unknown {
  const { userId, authenticator, ...facts } = view
  const at = (time: number): string => new Date(time).toISOString()
  return {
    user: userId,
    way: wayText(authenticator, config),
    ...facts,
    sessions: sessions.map(({ session, admin }) => ({
      sid: session.sid,
      admin,
      createdAt: at(session.createdAt),
      lastSeenAt: at(session.idleAt - session.idle),
      ...session.device,
    })),
  }
}
