import { canonicalUserName } from '../../auth/user-name.ts'
import { ConfigError } from '../../core/errors.ts'
import type { Session } from '../../core/session.ts'
import type { Config } from '../../gateway/config.ts'
import { shown, usage } from '../arguments.ts'
import { type Call, type Command, storeSettings } from '../command.ts'
import { configured } from '../configured.ts'
import { revokeUser, withSessions } from '../ended-sessions.ts'
import { columns, formatOf } from '../format.ts'
import { isMissing } from '../missing-store.ts'
import { note, plain, say } from '../terminal.ts'

const nobody = 'nobody is signed in'

/** Lists who is signed in, from where and until when. */
export const sessionsList: Command = {
  name: 'sessions list',
  synopsis: '[--user <name>] [options]',
  about: 'Show the live sessions',
  settings: storeSettings,
  options: [
    { name: 'user', value: '<name>', about: 'Only those of one user' },
    { name: 'format', value: '<form>', about: 'text (the usual) or json' },
  ],
  words: [0, 0],
  takesCommand: false,
  examples: [
    ['holdfast sessions list', 'Every live session, the latest first.'],
    ['holdfast sessions list --user ada --format json', 'Those of ada, for another program to read.'],
  ],
  async run(call) {
    const format = formatOf(call, ['text', 'json'])
    const { config } = await configured(call)
    const user = userOf(call)
    refuseForgetful(config)
    const missing = isMissing(config, nobody)
    const found = missing ? [] : await live(config, user)
    if (format === 'json') say(JSON.stringify(found.map(asJson), null, 2))
    else if (found.length > 0) say(columns([titles, ...found.map(asRow)]))
    else if (!missing) note(user === null ? 'Nobody is signed in.' : `${shown(user)} is not signed in.`)
    return 0
  },
}

/** Ends sessions: one, all of a user, or all. */
export const sessionsRevoke: Command = {
  name: 'sessions revoke',
  synopsis: '<sid> | --user <name> | --all',
  about: 'End sessions at once, on every gateway of the store',
  settings: storeSettings,
  options: [
    { name: 'user', value: '<name>', about: 'Every session of this user, also where a sign-in is under way' },
    { name: 'all', value: '', about: 'Every session of everybody' },
  ],
  words: [0, 1],
  wordShape: /^[\w-]{22}$/,
  takesCommand: false,
  notes: [
    'Open pages leave for the sign-in page within two seconds. It says so only once no gateway lets the session in.',
  ],
  examples: [
    ['holdfast sessions revoke --user ada', 'Signs ada out everywhere.'],
    ['holdfast sessions revoke --all', 'Signs everybody out.'],
  ],
  async run(call) {
    const [sid] = call.words
    const user = userOf(call)
    const all = call.options.has('all')
    if ([sid !== undefined, user !== null, all].filter(Boolean).length !== 1) {
      throw usage(
        ['Say which: a <sid> (holdfast sessions list shows them), --user <name>, or --all.'],
        sessionsRevoke,
      )
    }
    const { config } = await configured(call)
    refuseForgetful(config)
    if (isMissing(config, nobody)) return 1
    return withSessions(config, async (sessions) => {
      if (sid !== undefined) {
        if (await sessions.end(sid)) return done(`The session ${shown(sid)} has ended.`)
        note(`There is no live session ${shown(sid)}. See: holdfast sessions list`)
        return 1
      }
      if (user === null) {
        await sessions.revokeAll()
        return done('Every session has ended.')
      }
      const count = await revokeUser(sessions, config.name, user)
      return done(`Every session of ${shown(user)} has ended (${count} live).`)
    })
  },
}

function done(message: string): number {
  say(message)
  return 0
}

function userOf({ options }: Call): string | null {
  const said = options.get('user')
  if (typeof said !== 'string') return null
  // As it is stored; a name from elsewhere that the users file could not have stays as it was said.
  return canonicalUserName(said) ?? said
}

function refuseForgetful({ store }: Config): void {
  if (store !== 'memory:') return
  throw new ConfigError(
    'ERR_CONFIG_INVALID',
    '--store memory: lives inside the gateway; no other process sees its sessions.',
  )
}

async function live(config: Config, user: string | null): Promise<readonly Session[]> {
  const found: Session[] = []
  await withSessions(config, async (sessions) => {
    for await (const session of sessions.listAll()) {
      if (session.app === config.name && (user === null || session.identity?.userId === user))
        found.push(session)
    }
  })
  return found.sort((a, b) => b.createdAt - a.createdAt)
}

const titles = ['SID', 'USER', 'SINCE', 'IDLE UNTIL', 'ENDS', 'ADDRESS', 'BROWSER']

function asRow({ sid, identity, createdAt, idleAt, absoluteAt, device }: Session): readonly string[] {
  const user = identity === null ? '(anonymous)' : plain(identity.userId)
  const times = [createdAt, idleAt, absoluteAt].map((at) =>
    new Date(at).toISOString().slice(0, 16).replace('T', ' '),
  )
  return [sid, user, ...times, plain(device.address), plain(device.userAgent).slice(0, 60)]
}

function asJson(session: Session): unknown {
  const { sid, identity, remember, device } = session
  const at = (time: number | null): string | null => (time === null ? null : new Date(time).toISOString())
  return {
    sid,
    user: identity?.userId ?? null,
    authenticator: identity?.authenticator ?? null,
    remember,
    createdAt: at(session.createdAt),
    authenticatedAt: at(session.authenticatedAt),
    idleAt: at(session.idleAt),
    absoluteAt: at(session.absoluteAt),
    address: device.address,
    userAgent: device.userAgent,
  }
}
