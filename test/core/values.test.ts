import { readFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { runInNewContext } from 'node:vm'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ValueError } from '../../src/core/errors.ts'
import { Foreign } from '../../src/core/value.ts'
import { decodeValue } from '../../src/core/value-decode.ts'
import { encodeValue } from '../../src/core/value-encode.ts'

interface Vector {
  readonly name: string
  readonly json: string
  readonly typescript: string
  readonly typescriptJson?: string
}

interface Refused {
  readonly name: string
  readonly json: string
  readonly code: string
}

function vectors<Kind>(name: string): readonly Kind[] {
  return JSON.parse(readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), 'utf8'))
}

/** The value of an expression in the vectors, which are part of this repository. */
function evaluated(expression: string): unknown {
  return new Function('Foreign', `return (${expression})`)(Foreign)
}

function codeOf(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    if (error instanceof ValueError) return error.code
    throw error
  }
  return 'none'
}

function messageOf(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    return error instanceof ValueError ? error.message : String(error)
  }
  return 'none'
}

describe('values', () => {
  it.each(vectors<Vector>('values'))('reads and writes $name as Python does', (vector) => {
    const value = evaluated(vector.typescript)
    const written = vector.typescriptJson ?? vector.json
    expect(encodeValue(value)).toBe(written)
    expect(isDeepStrictEqual(decodeValue(vector.json), value)).toBe(true)
    expect(encodeValue(decodeValue(vector.json))).toBe(written)
  })

  it.each(vectors<Refused>('values-refused'))('refuses to read $name', ({ json, code }) => {
    expect(codeOf(() => decodeValue(json))).toBe(code)
  })

  it('says where in a value that lies which cannot be kept', () => {
    class Cart {}
    const cases: readonly (readonly [unknown, string])[] = [
      [undefined, 'value cannot be kept: undefined. Use null'],
      [{ cart: [1, { on: undefined }] }, 'value["cart"][1]["on"] cannot be kept: undefined'],
      [[() => {}], 'value[0] cannot be kept: function'],
      [{ a: Symbol('s') }, 'value["a"] cannot be kept: symbol'],
      [{ a: new Cart() }, 'value["a"] cannot be kept: a Cart'],
      [new Map([[1, new Error('x')]]), 'value[0][1] cannot be kept: a Error'],
      [new Array(1), 'value[0] cannot be kept: undefined'],
      [new Date(Number.NaN), 'value cannot be kept: an invalid Date'],
      [new Float64Array(1), 'value cannot be kept: a Float64Array'],
      [Object(1), 'value cannot be kept: a Number'],
      [Object.create({ constructor: undefined }), 'value cannot be kept: a class instance'],
      [{ [Symbol('s')]: 1 }, 'value cannot be kept: an object with symbols'],
      [10n ** 4300n, 'value cannot be kept: an integer of more than 4300 digits'],
      [new Foreign('decimal', 'abc'), 'value cannot be kept: a decimal that is not written as one'],
      [new Foreign('tuple', 'abc'), 'value cannot be kept: a tuple that is no list'],
      [new Foreign('new', 1, { $int: '1' }), 'value cannot be kept: a new that is of another kind too'],
    ]
    for (const [value, start] of cases) {
      expect(codeOf(() => encodeValue(value))).toBe('ERR_VALUE_TYPE')
      expect(messageOf(() => encodeValue(value))).toContain(start)
    }
  })

  it('refuses half a surrogate pair in a text or a key', () => {
    for (const value of ['\ud83e', { '\udd95': 1 }, new Foreign('\ud800', 1), new Foreign('x', ['\ud800'])]) {
      expect(codeOf(() => encodeValue(value))).toBe('ERR_VALUE_TEXT')
    }
    expect(decodeValue(encodeValue('🦕'))).toBe('🦕')
  })

  it('refuses what contains itself, and keeps what is merely there twice', () => {
    const loop: { self?: unknown } = {}
    loop.self = [loop]
    expect(codeOf(() => encodeValue(loop))).toBe('ERR_VALUE_CYCLE')
    const map = new Map()
    map.set('map', map)
    expect(codeOf(() => encodeValue(map))).toBe('ERR_VALUE_CYCLE')
    const shared = [1]
    expect(decodeValue(encodeValue({ a: shared, b: shared }))).toEqual({ a: [1], b: [1] })
  })

  it('keeps a hundred levels and refuses one more, both ways', () => {
    const nest = (depth: number, wrap: (inner: unknown) => unknown): unknown =>
      depth === 0 ? 1 : wrap(nest(depth - 1, wrap))
    const wraps: readonly ((inner: unknown) => unknown)[] = [
      (inner) => [inner],
      (inner) => ({ a: inner }),
      (inner) => ({ $a: inner }),
      (inner) => new Map([[1, inner]]),
      (inner) => new Map([[inner, 1]]),
      (inner) => new Set([inner]),
      (inner) => new Foreign('tuple', [inner] as never),
    ]
    for (const wrap of wraps) {
      const deepest = nest(100, wrap)
      const text = encodeValue(deepest)
      expect(decodeValue(text)).toEqual(deepest)
      expect(codeOf(() => encodeValue(wrap(deepest)))).toBe('ERR_VALUE_DEPTH')
    }
    const oneMore = [
      `${'['.repeat(101)}${']'.repeat(101)}`,
      `${'{"a":'.repeat(101)}1${'}'.repeat(101)}`,
      `${'{"$set":['.repeat(101)}${']}'.repeat(101)}`,
      `${'{"$map":[[1,'.repeat(101)}1${']]}'.repeat(101)}`,
      `${'{"$tuple":['.repeat(101)}${']}'.repeat(101)}`,
      `${'{"$object":{"$a":'.repeat(101)}1${'}}'.repeat(101)}`,
      `{"$unheard":${'['.repeat(101)}${']'.repeat(101)}}`,
      `${'['.repeat(500_000)}${']'.repeat(500_000)}`,
    ]
    for (const text of oneMore) expect(codeOf(() => decodeValue(text))).toBe('ERR_VALUE_DEPTH')
  })

  it('keeps kinds that nobody knows yet, byte for byte', () => {
    for (const text of [
      '{"$quaternion":[1,2,3.5,-0.0,{"__proto__":null}],"unit":"m","n":[{}]}',
      '{"$":null}',
      '{"$arrow":"AAAA","as":"dataframe"}',
    ]) {
      const value = decodeValue(text)
      expect(value).toBeInstanceOf(Foreign)
      expect(encodeValue(value)).toBe(text)
    }
  })

  it('lets nobody change a foreign value from within', () => {
    const value = decodeValue('{"$ndarray":{"dtype":"<f8","shape":[2,1],"data":""}}') as Foreign
    expect(() => {
      ;(value as { type: string }).type = 'other'
    }).toThrow(TypeError)
    const { shape } = value.data as { shape: number[] }
    expect(() => shape.push(1)).toThrow(TypeError)
  })

  it('takes plain objects of other realms, and objects without a prototype', () => {
    expect(encodeValue(runInNewContext('({ a: [1, { b: null }] })'))).toBe('{"a":[1,{"b":null}]}')
    expect(encodeValue(Object.assign(Object.create(null), { a: 1 }))).toBe('{"a":1}')
  })

  it('reads an own key __proto__ as data, and leaves every prototype as it was', () => {
    const value = decodeValue('{"__proto__":{"isAdmin":true},"a":{"$object":{"$x":1,"__proto__":2}}}') as {
      a: object
    }
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
    expect(Object.getPrototypeOf(value.a)).toBe(Object.prototype)
    expect((value as { isAdmin?: boolean }).isAdmin).toBeUndefined()
    expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined()
    expect(encodeValue(value)).toBe('{"__proto__":{"isAdmin":true},"a":{"$object":{"$x":1,"__proto__":2}}}')
  })

  it('gives back whatever it took', async () => {
    await fc.assert(
      fc.property(anyValue, (value) => {
        const text = encodeValue(value)
        expect(() => JSON.parse(text)).not.toThrow()
        expect(isDeepStrictEqual(decodeValue(text), value)).toBe(true)
      }),
      { numRuns: 500 },
    )
  })

  it('throws nothing but its own error, whatever it is given to read', async () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.json({ maxDepth: 6 }),
      hostile.map((value) => JSON.stringify(value)),
      fc.tuple(anyValue, fc.nat(), fc.string({ maxLength: 3 })).map(([value, at, other]) => {
        const whole = encodeValue(value)
        const index = at % (whole.length + 1)
        return whole.slice(0, index) + other + whole.slice(index + 1)
      }),
    )
    await fc.assert(
      fc.property(text, (given) => {
        let value: unknown
        try {
          value = decodeValue(given)
        } catch (error) {
          expect(error).toBeInstanceOf(ValueError)
          return
        }
        // And what was read can be written, and is read as the same again.
        expect(isDeepStrictEqual(decodeValue(encodeValue(value)), value)).toBe(true)
      }),
      { numRuns: 3000 },
    )
  })
})

const marks = ['$int', '$float', '$bytes', '$datetime', '$date', '$time', '$duration', '$decimal', '$uuid']
const lists = [
  '$tuple',
  '$set',
  '$frozenset',
  '$map',
  '$object',
  '$ndarray',
  '$arrow',
  '$new',
  '$',
  '__proto__',
]
const key = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom('__proto__', 'constructor', 'then', 'toJSON', '$int', '$', '$object', '1', '-1'),
)

const anyValue: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    fc.oneof(
      fc.constantFrom(null, true, false, 0, -0, Number.NaN, Number.POSITIVE_INFINITY, ''),
      fc.double(),
      fc.integer(),
      fc.bigInt(),
      fc.string({ unit: 'grapheme' }),
      fc.date({ noInvalidDate: true }),
      fc.uint8Array(),
      fc.uuid().map((uuid) => new Foreign('uuid', uuid)),
    ),
    fc.array(tie('value')),
    fc.array(fc.tuple(key, tie('value'))).map((pairs) => Object.fromEntries(pairs)),
    fc.array(fc.tuple(tie('value'), tie('value'))).map((pairs) => new Map(pairs)),
    fc.array(tie('value')).map((items) => new Set(items)),
    fc.array(tie('value')).map((items) => new Foreign('tuple', items as never)),
  ),
})).value

const hostile: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    fc.oneof(
      fc.constantFrom('NaN', '5', '1e9', 'AQ', '2026-11-21', '12:00:00', '9'.repeat(5000), '\ud800'),
      fc.double(),
      fc.string({ unit: 'binary' }),
    ),
    fc.array(tie('value')),
    fc
      .array(fc.tuple(fc.constantFrom(...marks, ...lists, 'a', 'zone', 'as'), tie('value')), { maxLength: 2 })
      .map((pairs) => Object.fromEntries(pairs)),
  ),
})).value
