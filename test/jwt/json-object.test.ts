import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readJsonObject } from '../../src/jwt/json-object.ts'

const read = (text: string): unknown => readJsonObject(new TextEncoder().encode(text))

describe('readJsonObject', () => {
  it('reads every object that JSON can write, as JSON.parse reads it', () => {
    const value = fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue({ maxDepth: 6 }), {
      noNullPrototype: true,
    })
    fc.assert(
      fc.property(value, fc.constantFrom(0, 2), (object, space) => {
        const text = JSON.stringify(object, null, space)
        expect(read(text)).toEqual(JSON.parse(text))
      }),
    )
  })

  it('sees a member twice wherever it stands and however it is spelt', () => {
    const name = fc.string({ minLength: 1 })
    const escaped = (text: string): string =>
      `"${[...text].map((char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')}"`
    fc.assert(
      fc.property(name, fc.nat(10), fc.jsonValue(), (twice, depth, value) => {
        const inner = `{${JSON.stringify(twice)}:${JSON.stringify(value)},${escaped(twice)}:1}`
        expect(read(`${'{"a":['.repeat(depth % 7)}${inner}${']}'.repeat(depth % 7)}`)).toBeNull()
      }),
    )
  })

  it('takes a text that looks like a member for a text', () => {
    expect(read('{"a":"\\"b\\":1","b":[":","b","b"],"c":"b"}')).not.toBeNull()
  })

  it('throws for nothing', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        readJsonObject(bytes)
      }),
    )
  })
})
