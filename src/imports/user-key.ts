/** Where in an old session it stands who someone is. */
import type { ImportedRecord, ImportedValue } from './import-transport.ts'
import { isRecord } from './plain-json.ts'

/**
 * The user's id under a name, or a path of names with dots (`passport.user`); `null` if there is none. Whole numbers count
 * as their digits; nothing else is turned into a name.
 */
export function userIn(data: ImportedRecord, userKey: string): string | null {
  const value = Object.hasOwn(data, userKey) ? data[userKey] : deep(data, userKey.split('.'))
  if (typeof value === 'bigint' || (typeof value === 'number' && Number.isSafeInteger(value)))
    return `${value}`
  // A lone surrogate is written the same as any other: two users would share one id.
  return typeof value === 'string' && value !== '' && value.isWellFormed() ? value : null
}

function deep(data: ImportedRecord, path: readonly string[]): ImportedValue | undefined {
  let value: ImportedValue | undefined = data
  for (const name of path) {
    if (!isRecord(value) || !Object.hasOwn(value, name)) return undefined
    value = value[name]
  }
  return value
}
