/** What Flask puts into its session cookie: JSON in which objects of one tagged member stand for Python's values. */
import { inflateSync } from 'node:zlib'
import { fromBase64url, fromUtf8 } from '../core/crypto.ts'
import type { ImportedRecord, ImportedValue } from './import-transport.ts'
import { isRecord, readPlainJson } from './plain-json.ts'

// A cookie of 4 KB can hold 4 MB of zeros.
const mostInflated = 256 * 1024

/** The text in a payload of itsdangerous, `.` in front of it if it is compressed; `null` for what is none. */
export function readFlaskText(payload: string): string | null {
  const isCompressed = payload.startsWith('.')
  const bytes = fromBase64url(isCompressed ? payload.slice(1) : payload)
  const json = bytes !== null && isCompressed ? inflated(bytes) : bytes
  return json === null ? null : fromUtf8(json)
}

/** The session in a payload; `null` for what is none. */
export function readFlaskPayload(payload: string): ImportedRecord | null {
  const text = readFlaskText(payload)
  const value = text === null ? undefined : readPlainJson(text)
  if (value === undefined) return null
  const plain = untagged(value)
  return plain !== undefined && isRecord(plain) ? plain : null
}

function inflated(bytes: Uint8Array): Uint8Array | null {
  try {
    return inflateSync(bytes, { maxOutputLength: mostInflated })
  } catch {
    return null
  }
}

/** `undefined` for a tag over what it cannot stand for: Flask would fail, and nobody would be signed in. */
function untagged(value: ImportedValue): ImportedValue | undefined {
  if (Array.isArray(value)) return whole(value.map(untagged))
  if (!isRecord(value)) return value
  const entries = Object.entries(value).map(([key, inner]) => [key, untagged(inner)] as const)
  const [first] = entries
  if (entries.some(([, inner]) => inner === undefined)) return undefined
  const [tag, inner] = first ?? ['', null]
  const read = entries.length === 1 ? tags.get(tag) : undefined
  if (read !== undefined && inner !== undefined) return read(inner)
  return Object.fromEntries(entries) as ImportedRecord
}

type Untag = (value: ImportedValue) => ImportedValue | undefined
const tags: ReadonlyMap<string, Untag> = new Map<string, Untag>([
  // A dict whose one name would read as a tag: `__` was put behind it.
  [' di', collided],
  [' t', (value) => (Array.isArray(value) ? value : undefined)],
  [' b', bytesOf],
  [' m', (value) => (typeof value === 'string' ? value : undefined)],
  [' u', uuidOf],
  [' d', dateOf],
])

function collided(value: ImportedValue): ImportedValue | undefined {
  const [entry, ...more] = isRecord(value) ? Object.entries(value) : []
  if (entry === undefined || more.length > 0 || !entry[0].endsWith('__')) return undefined
  return Object.fromEntries([[entry[0].slice(0, -2), entry[1]]])
}

function bytesOf(value: ImportedValue): ImportedValue | undefined {
  if (typeof value !== 'string' || !/^[A-Za-z0-9+/]*={0,2}$/.test(value)) return undefined
  return new Uint8Array(Buffer.from(value, 'base64'))
}

function uuidOf(value: ImportedValue): ImportedValue | undefined {
  if (typeof value !== 'string' || !/^[0-9a-f]{32}$/.test(value)) return undefined
  return value.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

function dateOf(value: ImportedValue): ImportedValue | undefined {
  const at = typeof value === 'string' ? new Date(value) : null
  return at === null || Number.isNaN(at.getTime()) ? undefined : at
}

function whole(values: readonly (ImportedValue | undefined)[]): ImportedValue | undefined {
  return values.every((value) => value !== undefined) ? values : undefined
}
