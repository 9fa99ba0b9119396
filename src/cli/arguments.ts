/** From the words of a command line to a call; every mistake with what may have been meant. */
import { parseArgs } from 'node:util'
import { ConfigError } from '../core/errors.ts'
import type { OptionValue } from '../gateway/config-load.ts'
import { settingOfOption, settings } from '../gateway/settings.ts'
import { shownAddress } from '../gateway/shown-address.ts'
import { didYouMean } from '../gateway/suggestion.ts'
import type { Call, Command } from './command.ts'

/** What an option is, as the parser needs it. */
interface Known {
  readonly type: 'string' | 'boolean'
  readonly multiple: boolean
  readonly setting: boolean
}

/** Reads what follows the command's name. Throws one `ConfigError` with every mistake. */
export function readArguments(args: readonly string[], command: Command): Call {
  const known = knownOptions(command)
  const isDashedWord = dashedWords(args, known, command)
  const { tokens } = parseArgs({
    args: args.filter((arg) => !isDashedWord(arg)),
    options: Object.fromEntries(
      [...known].map(([name, { type }]) => [name, { type, ...(name === 'help' && { short: 'h' }) }]),
    ),
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  const end = tokens.find(({ kind }) => kind === 'option-terminator')
  const own = tokens.filter(({ index }) => end === undefined || index < end.index)
  const plain = own.flatMap((token) => (token.kind === 'positional' ? [token.value] : []))
  const words = [...plain, ...args.filter(isDashedWord)]
  const { options, settings: said, faults } = sorted(own, known, command)
  if (options.has('help')) return { words, options, settings: said, rest: null }
  const rest = end === undefined ? null : args.slice(end.index + 1)
  // An option mistaken for a switch leaves its value behind as a word: no fault of its own.
  const all = faults.length > 0 ? faults : wordFaults(words, rest, command)
  if (all.length > 0) throw usage(all, command)
  return { words, rest, options, settings: said }
}

/** Which of the arguments are words although they look like options. */
function dashedWords(
  args: readonly string[],
  known: ReadonlyMap<string, Known>,
  { wordShape }: Command,
): (arg: string) => boolean {
  if (wordShape === undefined || args.includes('--')) return () => false
  return (arg) => arg.startsWith('-') && wordShape.test(arg) && !known.has(arg.replace(/^-+/, ''))
}

type Token = NonNullable<ReturnType<typeof parseArgs>['tokens']>[number]

/** The command's own options, the settings, and what is wrong with either. */
function sorted(
  tokens: readonly Token[],
  known: ReadonlyMap<string, Known>,
  command: Command,
): { options: Map<string, OptionValue>; settings: Map<string, OptionValue>; faults: string[] } {
  const options = new Map<string, OptionValue>()
  const said = new Map<string, OptionValue>()
  const faults: string[] = []
  for (const token of tokens) {
    if (token.kind !== 'option') continue
    const option = known.get(token.name)
    const fault = option === undefined ? unknownOption(token, command, known) : misuse(option, token)
    if (fault !== null) faults.push(fault)
    const values = option?.setting === true ? said : options
    if (option !== undefined && fault === null) {
      values.set(token.name, together(option, values.get(token.name), token.value))
    }
  }
  return { options, settings: said, faults }
}

/** A mistake in how a command was called, with where to read on. */
export function usage(faults: readonly string[], command: Pick<Command, 'name'>): ConfigError {
  return new ConfigError('ERR_CONFIG_INVALID', `${faults.join('\n')}\nSee: holdfast ${command.name} --help`)
}

function knownOptions(command: Command): ReadonlyMap<string, Known> {
  const known = new Map<string, Known>([
    ['help', { type: 'boolean', multiple: false, setting: false }],
    ['config', { type: 'string', multiple: false, setting: true }],
  ])
  for (const { key, option, kind } of settings) {
    if (option === null || !command.settings.includes(key)) continue
    known.set(option, {
      type: kind === 'switch' ? 'boolean' : 'string',
      multiple: kind === 'list',
      setting: true,
    })
  }
  for (const { name, value } of command.options) {
    known.set(name, { type: value === '' ? 'boolean' : 'string', multiple: false, setting: false })
  }
  return known
}

function unknownOption(
  { rawName, name }: { rawName: string; name: string },
  command: Command,
  known: ReadonlyMap<string, Known>,
): string {
  if (settingOfOption(name) !== undefined) return `holdfast ${command.name} takes no ${rawName}.`
  const meant = didYouMean(name, [...known.keys()], '').replace('mean ', 'mean --')
  const forApp =
    command.takesCommand && meant === ''
      ? ' If it is meant for the app, put -- before the app’s command.'
      : ''
  return `There is no option ${shown(rawName)}.${meant}${forApp}`
}

function misuse(
  { type }: Known,
  {
    rawName,
    value,
    inlineValue,
  }: { rawName: string; value: string | undefined; inlineValue: boolean | undefined },
): string | null {
  if (type === 'boolean') return value === undefined ? null : `${rawName} takes no value.`
  // `--users --store x`: the next option is no value.
  const missing = value === undefined || value === '' || (inlineValue !== true && value.startsWith('-'))
  return missing ? `${rawName} needs a value.` : null
}

function together(option: Known, before: OptionValue | undefined, value: string | undefined): OptionValue {
  if (value === undefined) return true
  if (!option.multiple) return value
  const values = value.split(',').map((one) => one.trim())
  return Array.isArray(before) ? [...before, ...values] : values
}

function wordFaults(words: readonly string[], rest: readonly string[] | null, command: Command): string[] {
  const [least, most] = command.words
  const call = `holdfast ${command.name} ${command.synopsis}`
  if (rest !== null && !command.takesCommand)
    return [`holdfast ${command.name} starts nothing: leave out what follows --.`]
  if (command.takesCommand && words.length > 0) {
    return [`Put -- before the app’s command: holdfast ${command.name} -- ${words.map(shown).join(' ')} …`]
  }
  if (words.length < least) return [`Something is missing: ${call}`]
  return words.length > most ? [`${shown(words[most] ?? '')} is one word too many: ${call}`] : []
}

/** A word of the command line, safe to print. */
export function shown(word: string): string {
  // The names of people may hold a colon and an @; addresses hold a slash, too.
  const bare = /:\/|\/\//.test(word) ? shownAddress(word) : word
  const cut = bare.length > 60 ? `${bare.slice(0, 60)}…` : bare
  return /^[\w./:@=+,…-]+$/.test(cut) ? cut : JSON.stringify(cut)
}
