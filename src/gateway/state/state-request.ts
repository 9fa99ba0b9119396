/** What an app asks of its state: one JSON body, read strictly. */
import type { TextChange } from '../../core/state.ts'

/** The scopes an app can name. `page` is what the Python package keeps of a tab's widgets. */
export const scopes = ['tab', 'session', 'user', 'app', 'page'] as const
export type ScopeName = (typeof scopes)[number]

export interface ReadRequest {
  readonly scope: ScopeName
  /** All of them if left out. */
  readonly keys: readonly string[] | undefined
}

export interface WriteRequest {
  readonly scope: ScopeName
  readonly changes: readonly TextChange[]
}

const mostKeys = 10_000

/** The request in a body; a text that says what is wrong with it. */
export function readRequest(body: unknown): ReadRequest | string {
  if (!isMap(body)) return notMap
  const { scope, keys } = body
  if (!isScope(scope)) return wrongScope
  if (keys === undefined) return { scope, keys: undefined }
  if (!Array.isArray(keys) || keys.length > mostKeys || !keys.every((key) => typeof key === 'string')) {
    return `\`keys\` must be a list of at most ${mostKeys} texts.`
  }
  return { scope, keys }
}

/** The request in a body; a text that says what is wrong with it. */
export function writeRequest(body: unknown): WriteRequest | string {
  if (!isMap(body)) return notMap
  const { scope } = body
  if (!isScope(scope)) return wrongScope
  const changes = readChanges(body.changes)
  return typeof changes === 'string' ? changes : { scope, changes }
}

/** The changes in a body; a text that says what is wrong with them. */
export function readChanges(given: unknown): readonly TextChange[] | string {
  if (!Array.isArray(given) || given.length > mostKeys)
    return `\`changes\` must be a list of at most ${mostKeys} maps.`
  const changes: TextChange[] = []
  for (const [index, one] of given.entries()) {
    const change = readChange(one)
    if (change === null) return `\`changes[${index}]\` ${wrongChange}`
    changes.push(change)
  }
  return changes
}

const notMap = 'The body must be a JSON object.'
const wrongScope = `\`scope\` must be one of ${scopes.join(', ')}.`
const wrongChange =
  'must have `key`, either `value` (the JSON text of a value) or `delete: true`, and may have `ifVersion` (a number, ' +
  'or null for "absent").'

function readChange(one: unknown): TextChange | null {
  if (!isMap(one) || typeof one.key !== 'string') return null
  const { key, value, ifVersion } = one
  const deletes = one.delete === true
  if (deletes ? value !== undefined : typeof value !== 'string') return null
  const text = typeof value === 'string' ? value : null
  if (ifVersion === undefined) return { key, text }
  if (ifVersion !== null && !Number.isSafeInteger(ifVersion)) return null
  return { key, text, ifVersion: ifVersion as number | null }
}

/** Whether a parsed body is a JSON object. */
export function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isScope(value: unknown): value is ScopeName {
  return scopes.some((scope) => scope === value)
}
