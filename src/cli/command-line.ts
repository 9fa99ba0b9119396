/** Finds the command, runs it, and turns whatever goes wrong into one message and an exit code. */
import { readFile } from 'node:fs/promises'
import { ConfigError, HoldfastError } from '../core/errors.ts'
import { didYouMean, nearest } from '../gateway/suggestion.ts'
import { readArguments, shown } from './arguments.ts'
import type { Command } from './command.ts'
import { auditList } from './commands/audit.ts'
import { checkCommand } from './commands/check.ts'
import { environmentCommand } from './commands/env.ts'
import { runCommand } from './commands/run.ts'
import { secretsRotate } from './commands/secrets.ts'
import { serveCommand } from './commands/serve.ts'
import { sessionsList, sessionsRevoke } from './commands/sessions.ts'
import { sessionsMove } from './commands/sessions-move.ts'
import { usersCommands } from './commands/users.ts'
import { usersRequireFactor, usersResetFactors } from './commands/users-factor.ts'
import { usersShow } from './commands/users-show.ts'
import { helpFor, helpForGroup, overview } from './help.ts'
import { note, plain, say } from './terminal.ts'

const commands: readonly Command[] = [
  runCommand,
  serveCommand,
  environmentCommand,
  checkCommand,
  ...usersCommands,
  usersShow,
  usersRequireFactor,
  usersResetFactors,
  auditList,
  sessionsList,
  sessionsRevoke,
  sessionsMove,
  secretsRotate,
]

/** Runs one command line. 0: done; 1: it failed; 2: the call or the configuration is wrong. */
export async function commandLine(args: readonly string[]): Promise<number> {
  try {
    const [first = ''] = args
    if (first === '') {
      note(overview(commands, await version()))
      return 2
    }
    if (first === '--version' || first === '-v') return told(await version())
    if (isHelp(first)) return await help(args.slice(1))
    if (isHelp(args[1]) && groupOf(first).length > 0) return await help([first])
    const command = find(args)
    const call = readArguments(args.slice(command.name.split(' ').length), command)
    return call.options.has('help') ? told(helpFor(command)) : await command.run(call)
  } catch (error) {
    return failed(error)
  }
}

function told(text: string): number {
  say(text.trimEnd())
  return 0
}

async function help(words: readonly string[]): Promise<number> {
  const [first, ...more] = words
  if (first === undefined) return told(overview(commands, await version()))
  const group = groupOf(first)
  return told(group.length > 0 && more.length === 0 ? helpForGroup(first, group) : helpFor(find(words)))
}

function isHelp(word: string | undefined): boolean {
  return word === '--help' || word === '-h' || word === 'help'
}

/** The commands of two words that begin with this one. */
function groupOf(first: string): readonly Command[] {
  return commands.filter(({ name }) => name.startsWith(`${first} `))
}

function find(words: readonly string[]): Command {
  const [first = '', second = ''] = words
  const found = commands.find(({ name }) => name === first || name === `${first} ${second}`)
  if (found !== undefined) return found
  const group = groupOf(first)
  if (group.length > 0) throw unfinished(first, second, group)
  const names = [...new Set(commands.map(({ name }) => name.split(' ')[0] ?? ''))]
  throw new ConfigError(
    'ERR_CONFIG_INVALID',
    `There is no command ${shown(first)}.${didYouMean(first, names, '')}\nSee: holdfast --help`,
  )
}

/** `holdfast users`, or `holdfast users ad`. */
function unfinished(first: string, second: string, group: readonly Command[]): ConfigError {
  const seconds = group.map(({ name }) => name.split(' ')[1] ?? '')
  const asked =
    second === '' || second.startsWith('-') ? '' : `There is no holdfast ${first} ${shown(second)}. `
  const meant = asked === '' ? null : nearest(second, seconds)
  const hint =
    meant === null ? `Say what to do: ${seconds.join(', ')}.` : `Did you mean holdfast ${first} ${meant}?`
  return new ConfigError(
    'ERR_CONFIG_INVALID',
    `${asked}${hint}\nSee: holdfast ${meant === null ? first : `${first} ${meant}`} --help`,
  )
}

/** Prints what went wrong; where it did only for who asks for it. */
function failed(error: unknown): number {
  const known = error instanceof HoldfastError
  const text = error instanceof Error ? error.message : String(error)
  // It may repeat what somebody else wrote: a file, a name, an address.
  const message = text.split('\n').map(plain).join('\n')
  note(known ? `holdfast: ${message}` : `holdfast: This should not have happened: ${message}`)
  if (process.env.HOLDFAST_DEBUG === '1') note(error instanceof Error ? (error.stack ?? '') : '')
  else if (!known) note('With HOLDFAST_DEBUG=1 it says where.')
  return error instanceof ConfigError ? 2 : 1
}

async function version(): Promise<string> {
  const text = await readFile(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
