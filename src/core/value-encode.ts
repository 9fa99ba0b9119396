/** Writes values as text that TypeScript and Python read alike: `docs/values.md`. */
import { toBase64url } from './crypto.ts'
import { ValueError, type ValueErrorCode } from './errors.ts'
import { deepestValue, Foreign, foreignLists, isWritten, longestInteger } from './value.ts'

/**
 * The written form of a value, JSON text. Throws `ValueError` for what cannot be kept, and the message says where in the
 * value it lies: `ERR_VALUE_TYPE` (undefined, functions, class instances …), `ERR_VALUE_CYCLE`, `ERR_VALUE_DEPTH`,
 * `ERR_VALUE_TEXT` (half a surrogate pair, which is no character).
 */
export function encodeValue(value: unknown): string {
  return writer()(value)
}

// Nothing that JSON escapes, and no half of a pair: written as it is.
const ordinary = /^[ !#-[\]-\ud7ff\ue000-\uffff]*$/

function writer(): (value: unknown) => string {
  /** Where in the value one is: names and indices from the outside in. */
  const path: (string | number)[] = []
  const within = new Set<object>()

  function refusal(code: ValueErrorCode, what: string): ValueError {
    // Enough to find it by; the names in a hundred levels would hide what is wrong.
    const steps = path.slice(0, 12).map((step) => `[${JSON.stringify(step).slice(0, 60)}]`)
    const place = `value${steps.join('')}${path.length > 12 ? '…' : ''}`
    return new ValueError(code, `${place} cannot be kept: ${what}`)
  }

  function unfit(what: string): ValueError {
    const advice = what === 'undefined' ? 'Use null, or leave the key out.' : 'Make it plain data first.'
    return refusal('ERR_VALUE_TYPE', `${what}. ${advice}`)
  }

  function write(one: unknown): string {
    switch (typeof one) {
      case 'string':
        return text(one)
      case 'number':
        return numeral(one)
      case 'boolean':
        return String(one)
      case 'bigint':
        return integer(one)
      case 'object':
        return one === null ? 'null' : compound(one)
      default:
        throw unfit(typeof one)
    }
  }

  function writeAt(step: string | number, one: unknown): string {
    path.push(step)
    const written = write(one)
    path.pop()
    return written
  }

  function text(one: string): string {
    if (ordinary.test(one)) return `"${one}"`
    if (one.isWellFormed()) return JSON.stringify(one)
    throw refusal(
      'ERR_VALUE_TEXT',
      'text with half a surrogate pair, which UTF-8 cannot write. Use toWellFormed() first.',
    )
  }

  function integer(one: bigint): string {
    const digits = String(one)
    if (digits.length > longestInteger) throw unfit(`an integer of more than ${longestInteger} digits`)
    return `{"$int":"${digits}"}`
  }

  function compound(one: object): string {
    if (one instanceof Date) {
      if (Number.isNaN(one.getTime())) throw unfit('an invalid Date')
      return `{"$datetime":"${one.toISOString()}"}`
    }
    if (one instanceof Uint8Array) return `{"$bytes":"${toBase64url(one)}"}`
    enter(one)
    const written = container(one)
    within.delete(one)
    return written
  }

  function enter(one: object): void {
    if (within.has(one)) throw refusal('ERR_VALUE_CYCLE', 'it contains itself.')
    if (within.size === deepestValue)
      throw refusal('ERR_VALUE_DEPTH', `it is nested more than ${deepestValue} deep.`)
    within.add(one)
  }

  function container(one: object): string {
    if (Array.isArray(one)) return list(one)
    if (one instanceof Set) return `{"$set":${list([...one])}}`
    if (one instanceof Map) return `{"$map":[${[...one].map(pair).join(',')}]}`
    return one instanceof Foreign ? foreign(one) : plain(one)
  }

  function list(items: readonly unknown[]): string {
    let written = ''
    // By index: a hole is undefined, and refused, where an iteration by `map` would skip it.
    for (let index = 0; index < items.length; index++) {
      written += (index === 0 ? '' : ',') + writeAt(index, items[index])
    }
    return `[${written}]`
  }

  function pair(keyAndEntry: readonly unknown[], index: number): string {
    path.push(index)
    const written = list(keyAndEntry)
    path.pop()
    return written
  }

  function plain(one: object): string {
    const prototype: unknown = Object.getPrototypeOf(one)
    // Whatever realm it is from: a plain object's prototype is a root.
    if (prototype !== null && Object.getPrototypeOf(prototype) !== null) throw unfit(`a ${classOf(one)}`)
    if (Object.getOwnPropertySymbols(one).length > 0) throw unfit('an object with symbols as keys')
    let isMarked = false
    let written = ''
    for (const key of Object.keys(one)) {
      isMarked ||= key.startsWith('$')
      written += `${written === '' ? '' : ','}${text(key)}:${writeAt(key, (one as Record<string, unknown>)[key])}`
    }
    return isMarked ? `{"$object":{${written}}}` : `{${written}}`
  }

  function foreign({ type, data, extra }: Foreign): string {
    const kind = text(`$${type}`)
    if (foreignLists.has(type)) {
      if (!Array.isArray(data)) throw unfit(`a ${type} that is no list`)
      return `{${kind}:${list(data)}}`
    }
    if (!isWritten(type, data)) throw unfit(`a ${type} that is not written as one`)
    const beside = Object.entries(extra ?? {}).map(([name, one]) => {
      if (name.startsWith('$')) throw unfit(`a ${type} that is of another kind too`)
      return `,${text(name)}:${json(one)}`
    })
    return `{${kind}:${json(data)}${beside.join('')}}`
  }

  /** Plain JSON, as it lies in a `Foreign`: nothing in it is a value of ours. */
  function json(one: unknown): string {
    if (one === null || typeof one === 'boolean') return String(one)
    if (typeof one === 'string') return text(one)
    if (typeof one === 'number' && Number.isFinite(one)) return Object.is(one, -0) ? '-0.0' : numeral(one)
    if (typeof one !== 'object') throw unfit(`a ${typeof one} inside a Foreign`)
    enter(one)
    const written = Array.isArray(one) ? `[${one.map(json).join(',')}]` : members(one)
    within.delete(one)
    return written
  }

  function members(one: object): string {
    return `{${Object.entries(one)
      .map(([key, entry]) => `${text(key)}:${json(entry)}`)
      .join(',')}}`
  }

  return write
}

function numeral(one: number): string {
  if (!Number.isFinite(one)) return `{"$float":"${one}"}`
  if (Object.is(one, -0)) return '{"$float":"-0"}'
  // With an exponent Python reads a float; as digits alone it would be an integer that JavaScript cannot hold.
  return Number.isInteger(one) && !Number.isSafeInteger(one) ? one.toExponential() : String(one)
}

function classOf(one: object): string {
  const { constructor: maker } = one as { readonly constructor?: { readonly name?: unknown } }
  return typeof maker?.name === 'string' && maker.name !== '' ? maker.name : 'class instance'
}
