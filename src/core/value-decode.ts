/** Reads what `value-encode.ts` or Python wrote: `docs/values.md`. Written to be given hostile text. */
import type { Json } from './contracts.ts'
import { fromBase64url } from './crypto.ts'
import { ValueError } from './errors.ts'
import { deepestValue, Foreign, foreignLists, isWritten, longestInteger, type Value } from './value.ts'

/**
 * The value that a text holds. Throws `ValueError` and nothing else: `ERR_VALUE_SYNTAX` for what no encoder wrote,
 * `ERR_VALUE_DEPTH`, `ERR_VALUE_TEXT`. A kind that this version does not know becomes a `Foreign`.
 */
export function decodeValue(text: string): Value {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    throw malformed('it is no JSON')
  }
  return read(parsed, 0)
}

function read(one: unknown, depth: number): Value {
  if (typeof one === 'string') return wellFormed(one)
  if (typeof one === 'number') return finite(one)
  if (typeof one === 'boolean' || one === null) return one
  const object = one as object
  if (Array.isArray(object)) return list(object, depth)
  const mark = markOf(object)
  return mark === null ? plain(object, depth) : marked(object, mark, depth)
}

/** The one key that says what the object stands for; `null` if it stands for itself. */
function markOf(one: object): string | null {
  let mark: string | null = null
  for (const key in one) {
    if (!key.startsWith('$')) continue
    if (mark !== null) throw malformed('an object is of two kinds at once')
    mark = key
  }
  return mark
}

function list(items: readonly unknown[], depth: number): Value[] {
  const inside = deeper(depth)
  return items.map((item) => read(item, inside))
}

function plain(one: object, depth: number): Value {
  const inside = deeper(depth)
  const object: { [key: string]: Value } = {}
  for (const [key, entry] of Object.entries(one)) put(object, wellFormed(key), read(entry, inside))
  return object
}

function put<Item>(object: { [key: string]: Item }, key: string, value: Item): void {
  // Assigned, it would change the prototype instead.
  if (key !== '__proto__') object[key] = value
  else Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true })
}

function marked(one: object, mark: string, depth: number): Value {
  const { [mark]: data, ...rest } = one as { [key: string]: unknown }
  const type = mark.slice(1)
  const extra = Object.keys(rest).length === 0 ? null : rest
  const known = extra === null && Object.hasOwn(kinds, type) ? kinds[type] : undefined
  const value = known?.(data, depth) ?? null
  return value ?? foreign(wellFormed(type), data, extra, depth)
}

function foreign(type: string, data: unknown, extra: object | null, depth: number): Value {
  if (extra !== null && Object.hasOwn(kinds, type) && type !== 'datetime')
    throw malformed(`a $${type} holds more than that`)
  const inside = deeper(depth)
  if (foreignLists.has(type)) {
    if (extra !== null || !Array.isArray(data)) throw malformed(`a $${type} is not a list alone`)
    return new Foreign(type, Object.freeze(list(data, depth)))
  }
  if (!isWritten(type, data)) throw malformed(`a $${type} is not written as one`)
  const beside = extra === null ? null : (json(extra, inside) as { readonly [name: string]: Json })
  return new Foreign(type, json(data, inside), beside)
}

/** Kinds that JavaScript has a type for. `null`: this one it can hold only as a `Foreign`. */
const kinds: Readonly<Record<string, (data: unknown, depth: number) => Value | null>> = {
  float(data) {
    const number = typeof data === 'string' ? floats.get(data) : undefined
    if (number === undefined) throw malformed('a $float is not written as one')
    return number
  },

  int(data) {
    if (typeof data !== 'string' || data.length > longestInteger + 1 || !/^(0|-?[1-9]\d*)$/.test(data))
      throw malformed('an $int is not written as one')
    return BigInt(data)
  },

  bytes(data) {
    const bytes = typeof data === 'string' ? fromBase64url(data) : null
    if (bytes === null) throw malformed('$bytes are not unpadded base64url')
    // Of its own: a Buffer would be a view of memory it shares with others.
    return new Uint8Array(bytes)
  },

  datetime(data) {
    if (typeof data !== 'string' || !/^(\d{4}|[+-]\d{6})-[\d-]{5}T[\d:]{8}\.\d{3}Z$/.test(data)) return null
    const date = new Date(data)
    return !Number.isNaN(date.getTime()) && date.toISOString() === data ? date : null
  },

  set(data, depth) {
    if (!Array.isArray(data)) throw malformed('a $set is no list')
    return new Set(list(data, depth))
  },

  map(data, depth) {
    if (!Array.isArray(data)) throw malformed('a $map is no list of pairs')
    const inside = deeper(depth)
    const map = new Map<Value, Value>()
    for (const pair of data as readonly unknown[]) {
      if (!Array.isArray(pair) || pair.length !== 2) throw malformed('a $map is no list of pairs')
      map.set(read(pair[0], inside), read(pair[1], inside))
    }
    return map
  },

  object(data, depth) {
    if (typeof data !== 'object' || data === null || Array.isArray(data))
      throw malformed('an $object is no object')
    return plain(data, depth)
  },
}

const floats: ReadonlyMap<string, number> = new Map([
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
  ['-0', -0],
])

/** A frozen copy of plain JSON, refused where it is too deep or holds what is no text. */
function json(one: unknown, depth: number): Json {
  if (typeof one === 'string') return wellFormed(one)
  if (typeof one === 'number') return finite(one)
  if (typeof one !== 'object' || one === null) return one as boolean | null
  const inside = deeper(depth)
  if (Array.isArray(one)) return Object.freeze(one.map((item) => json(item, inside)))
  const object: { [key: string]: Json } = {}
  for (const [key, entry] of Object.entries(one)) put(object, wellFormed(key), json(entry, inside))
  return Object.freeze(object)
}

function deeper(depth: number): number {
  if (depth < deepestValue) return depth + 1
  throw new ValueError(
    'ERR_VALUE_DEPTH',
    `The text is no value: it is nested more than ${deepestValue} deep.`,
  )
}

function wellFormed(text: string): string {
  if (text.isWellFormed()) return text
  throw new ValueError('ERR_VALUE_TEXT', 'The text is no value: it holds half a surrogate pair.')
}

function finite(number: number): number {
  if (Number.isFinite(number)) return number
  throw malformed('a number is beyond what a float can hold')
}

function malformed(why: string): ValueError {
  return new ValueError('ERR_VALUE_SYNTAX', `The text is no value: ${why}.`)
}
