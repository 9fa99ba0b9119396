/** How a command prints: for people, or for programs. */

import { ConfigError } from '../core/errors.ts'
import { didYouMean } from '../gateway/suggestion.ts'
import { shown } from './arguments.ts'
import type { Call } from './command.ts'

/** What `--format` says; the first form if it says nothing. Throws `ConfigError` for one that is not there. */
export function formatOf<const Form extends string>(
  { options }: Call,
  forms: readonly [Form, ...Form[]],
): Form {
  const said = options.get('format') ?? forms[0]
  const form = forms.find((one) => one === said)
  if (form !== undefined) return form
  const word = String(said)
  const list = forms.join(' or ')
  throw new ConfigError(
    'ERR_CONFIG_INVALID',
    `--format must be ${list}, not ${shown(word)}.${didYouMean(word, forms, '')}`,
  )
}

/** Rows in columns, each as wide as it must be. */
export function columns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  )
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
