/** JSON of another system, with nothing lost on the way: whole numbers beyond 2^53 stay what they are. */
import type { ImportedValue } from './import-transport.ts'

// Deeper than anybody nests a session; a text of brackets must not run the stack out.
const deepest = 64

/**
 * The value in a JSON text; `undefined` for what is none, or is nested more than 64 deep. A user's id of 19 digits read as
 * a double would be another user's.
 */
export function readPlainJson(text: string): ImportedValue | undefined {
  if (!isShallow(text)) return undefined
  try {
    return JSON.parse(text, wholeNumbers)
  } catch {
    return undefined
  }
}

// ES2026 hands the reviver the source text; the types of this compiler do not know it yet.
function wholeNumbers(this: unknown, _key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value
  // A runtime that hands over no source has lost the last digits already.
  if (context?.source === undefined) throw new RangeError('a number that cannot be read exactly')
  return /^-?\d+$/.test(context.source) ? BigInt(context.source) : value
}

const steps: Readonly<Record<string, number>> = { '{': 1, '[': 1, '}': -1, ']': -1 }

// SECURITY: by marks of a character or two. A pattern for whole texts tries again at every quote of one that never ends.
function isShallow(text: string): boolean {
  let depth = 0
  let isText = false
  for (const [mark] of text.matchAll(/\\.|["{}[\]]/gs)) {
    if (mark === '"') isText = !isText
    else if (!isText) depth += steps[mark] ?? 0
    if (depth > deepest) return false
  }
  return true
}

/** Whether a value is a record of named values, and not a list, a date or bytes. */
export function isRecord(value: unknown): value is { readonly [key: string]: ImportedValue } {
  if (typeof value !== 'object' || value === null) return false
  return !Array.isArray(value) && !(value instanceof Date) && !(value instanceof Uint8Array)
}
