import { ConfigError } from '../../core/errors.ts'
import type { AuditCursor, AuditEntry } from '../../gateway/audit.ts'
import type { Config } from '../../gateway/config.ts'
import { shown } from '../arguments.ts'
import { type Call, type Command, storeSettings } from '../command.ts'
import { configured } from '../configured.ts'
import { columns, formatOf } from '../format.ts'
import { isMissing } from '../missing-store.ts'
import { type StoreAccounts, wayText, withAccounts } from '../store-accounts.ts'
import { note, plain, say } from '../terminal.ts'

const usualLast = 50
const pageSize = 200

/** Lists who did what to whom. */
export const auditList: Command = {
  name: 'audit list',
  synopsis: '[--last <number>] [options]',
  about: 'Show who did what to whose account, the latest first',
  settings: storeSettings,
  options: [
    { name: 'last', value: '<number>', about: `How many at most (${usualLast})` },
    { name: 'format', value: '<form>', about: 'text (the usual) or json' },
  ],
  words: [0, 0],
  takesCommand: false,
  notes: [
    'The store keeps the last 10,000 entries of admins and the last 10,000 that people made for themselves, sealed.',
  ],
  examples: [
    ['holdfast audit list', 'What was done lately, on whatever replica, by the admin page or a command.'],
    ['holdfast audit list --last 20000 --format json', 'All that is kept, for another program to read.'],
  ],
  async run(call) {
    const format = formatOf(call, ['text', 'json'])
    const last = lastOf(call)
    const { config } = await configured(call)
    const missing = isMissing(config, 'nothing is written down')
    const entries = missing ? [] : await withAccounts(config, null, (opened) => read(opened, last))
    if (format === 'json')
      say(
        JSON.stringify(
          entries.map((one) => asJson(one, config)),
          null,
          2,
        ),
      )
    else if (entries.length > 0) say(columns([titles, ...entries.map((one) => asRow(one, config))]))
    else if (!missing) note('Nothing is written down yet.')
    return 0
  },
}

async function read({ audit }: StoreAccounts, last: number): Promise<readonly AuditEntry[]> {
  const found: AuditEntry[] = []
  let cursor: AuditCursor | null = null
  do {
    const page = await audit.read(Math.min(pageSize, last - found.length), cursor)
    found.push(...page.entries)
    cursor = page.next
  } while (cursor !== null && found.length < last)
  return found
}

function lastOf({ options }: Call): number {
  const said = options.get('last') ?? String(usualLast)
  const number = Number(said)
  if (Number.isInteger(number) && number > 0) return number
  throw new ConfigError(
    'ERR_CONFIG_INVALID',
    `--last must be a number such as 100, not ${shown(String(said))}.`,
  )
}

const titles = ['WHEN', 'WHAT', 'WHOSE', 'BY', 'FROM', 'OUTCOME', 'MORE']

function asRow(
  { at, action, to, by, from, outcome, detail = '' }: AuditEntry,
  config: Config,
): readonly string[] {
  const when = new Date(at).toISOString().slice(0, 19).replace('T', ' ')
  const who = ({ userId, authenticator }: AuditEntry['by']): string =>
    `${plain(userId)} (${wayText(authenticator, config)})`
  return [when, action, who(to), who(by), plain(from), outcome, plain(detail)]
}

function asJson({ at, by, to, ...entry }: AuditEntry, config: Config): unknown {
  const who = ({ userId, authenticator }: AuditEntry['by']): unknown => ({
    user: userId,
    way: wayText(authenticator, config),
  })
  return { at: new Date(at).toISOString(), ...entry, by: who(by), to: who(to) }
}
