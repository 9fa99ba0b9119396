/** What `--help` prints. */
import { settings } from '../gateway/settings.ts'
import type { Command } from './command.ts'

const width = 96

/** The whole command line at a glance. */
export function overview(commands: readonly Command[], version: string): string {
  return [
    `Holdfast ${version} keeps people signed in and their work in place, in front of any web app.`,
    '',
    'Usage: holdfast <command> [options]',
    '',
    ...table(commands.map(asRow)),
    '',
    'Try it:',
    '  holdfast users add ada',
    '  holdfast run -- streamlit run app.py',
    '',
    'Every command explains itself: holdfast run --help',
    'Every option is also a key of holdfast.yaml and a HOLDFAST_… variable; the command line wins, then the variable.',
    '',
  ].join('\n')
}

/** The commands that begin with one word. */
export function helpForGroup(first: string, group: readonly Command[]): string {
  return [
    `Usage: holdfast ${first} <command> [options]`,
    '',
    ...table(group.map(asRow)),
    '',
    `Every command explains itself: holdfast ${group[0]?.name ?? first} --help`,
    '',
  ].join('\n')
}

function asRow({ name, synopsis, about }: Command): readonly [string, string] {
  return [`${name} ${synopsis.replace(/ *\[options\] */, ' ')}`.trim(), about]
}

/** All there is to know about calling one command. */
export function helpFor(command: Command): string {
  const rows: (readonly [string, string])[] = command.options.map(({ name, value, about }) => [
    `--${name} ${value}`.trim(),
    about,
  ])
  for (const { key, option, value, about, otherwise } of settings) {
    if (option === null || !command.settings.includes(key)) continue
    rows.push([`--${option} ${value}`.trim(), `${about} (${otherwise})`])
  }
  rows.push(['--config <file>', 'The configuration file (holdfast.yaml, if it is there)'])
  return [
    `holdfast ${command.name} ${command.synopsis}`.trim(),
    '',
    `${command.about}.`,
    ...(command.notes ?? []).flatMap((note) => ['', ...wrapped(note, width)]),
    '',
    'Options:',
    ...table(rows),
    '',
    'Examples:',
    ...command.examples.flatMap(([call, does]) => [`  ${call}`, `      ${does}`]),
    '',
  ].join('\n')
}

function table(rows: readonly (readonly [string, string])[]): string[] {
  const first = Math.min(36, Math.max(...rows.map(([left]) => left.length))) + 2
  return rows.flatMap(([left, right]) => {
    const [head = '', ...more] = wrapped(right, width - first)
    const indent = ' '.repeat(first + 2)
    const own =
      left.length + 2 > first ? [`  ${left}`, `${indent}${head}`] : [`  ${left.padEnd(first)}${head}`]
    return [...own, ...more.map((line) => `${indent}${line}`)]
  })
}

function wrapped(text: string, columns: number): string[] {
  const lines: string[] = ['']
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? ''
    if (line !== '' && line.length + 1 + word.length > columns) lines.push(word)
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`
  }
  return lines
}
