/** How single values of a configuration are read, and what is said where they are none. */
import {
  type BaseIssue,
  boolean,
  custom,
  type GenericSchema,
  type InferOutput,
  looseObject,
  type ObjectSchema,
  picklist,
  pipe,
  rawCheck,
  rawTransform,
  string,
} from 'valibot'
import { parseDuration } from './duration.ts'
import { shownAddress } from './shown-address.ts'
import { didYouMean } from './suggestion.ts'

type Entries = Parameters<typeof looseObject>[0]

/** A map that knows its keys: every unknown one is a fault of its own, with what may have been meant. */
export function section<Known extends Entries>(
  known: Known,
  what: string,
): GenericSchema<object, InferOutput<ObjectSchema<Known, undefined>>> {
  const names = Object.keys(known)
  return pipe(
    custom<object>(isMap, `must be ${what}`),
    looseObject(known),
    rawCheck(({ dataset, addIssue }) => {
      const input: unknown = dataset.value
      if (!isMap(input)) return
      for (const [key, value] of Object.entries(input as object)) {
        if (names.includes(key)) continue
        const path = {
          type: 'object',
          origin: 'key',
          input: input as Record<string, unknown>,
          key,
          value,
        } as const
        addIssue({ message: unknown(key, names), path: [path] })
      }
    }),
  )
}

/** Whether a value is a map of keys. */
export function isMap(input: unknown): boolean {
  return typeof input === 'object' && input !== null && !Array.isArray(input)
}

// People put it there, and then it is in version control.
const secretKeys = /^(?:(?:server|cookie)?secrets?|secretkey)$/i

function unknown(key: string, names: readonly string[]): string {
  if (secretKeys.test(key.replace(/[-_]/g, ''))) {
    return 'does not belong into a configuration file: set HOLDFAST_SECRET, or name a file with `secretFile`'
  }
  return `is not known here.${didYouMean(key, names) || ` Known are ${names.join(', ')}.`}`
}

/** A text that `read` makes something of; `null` from it is a fault. */
export function text<Value extends NonNullable<unknown>>(
  read: (input: string) => Value | null,
  wanted: string,
): GenericSchema<string, Value> {
  return pipe(
    string(`must be ${wanted}`),
    rawTransform<string, Value>(({ dataset, addIssue, NEVER }) => {
      const value = read(dataset.value)
      if (value !== null) return value
      addIssue({ message: `must be ${wanted}, not ${quoted(dataset.value)}` })
      return NEVER
    }),
  )
}

/** One of a few words. */
export function oneOf<const Words extends readonly string[]>(
  words: Words,
): GenericSchema<string, Words[number]> {
  const list = `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`
  return picklist(words, ({ input }: BaseIssue<unknown>) =>
    typeof input === 'string'
      ? `must be ${list}, not ${quoted(input)}.${didYouMean(input, words)}`
      : `must be ${list}`,
  )
}

/** A text for a message, on one line: without the passwords of addresses, and cut. */
export function quoted(value: string): string {
  const bare = shownAddress(value)
  return JSON.stringify(bare.length > 60 ? `${bare.slice(0, 60)}…` : bare)
}

/** A time, in milliseconds. */
export const duration: GenericSchema<string, number> = text(
  (input) => parseDuration(input.trim()),
  'a time such as 90s, 30m, 12h or 14d',
)
export const onOff: GenericSchema<boolean> = boolean('must be true or false')

/** A text for people, on one line. */
export const someText: GenericSchema<string> = text(
  (input) => (input.trim() === '' || input.length > 256 ? null : input),
  'a text',
)
