import { decode, encode } from '@msgpack/msgpack'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isWholeMsgpack } from '../../src/imports/msgpack-shape.ts'

const deep = 1_000

const value = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    ...[fc.string({ maxLength: 300 }), fc.integer(), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n })],
    ...[
      fc.double(),
      fc.boolean(),
      fc.constant(null),
      fc.uint8Array({ maxLength: 300 }),
      fc.date({ noInvalidDate: true }),
    ],
    fc.array(tie('value'), { maxLength: 20 }),
    fc.dictionary(fc.string(), tie('value'), { maxKeys: 20 }),
  ),
})).value

const encoded = value.map((one) => encode(one, { useBigInt64: true }))

describe('isWholeMsgpack', () => {
  it('is whether there is a whole value and nothing behind it', () => {
    fc.assert(
      fc.property(encoded, fc.nat(), (bytes, cut) => {
        expect(isWholeMsgpack(bytes, deep)).toBe(true)
        expect(isWholeMsgpack(bytes.subarray(0, cut % bytes.length), deep)).toBe(false)
        expect(isWholeMsgpack(Uint8Array.of(...bytes, 0), deep)).toBe(false)
      }),
    )
  })

  it('refuses nothing that a decoder reads, of whatever bytes', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.tuple(encoded, fc.nat(), fc.nat(255)).map(([whole, at, byte]) => {
        const changed = Uint8Array.from(whole)
        changed[at % changed.length] = byte
        return changed
      }),
    )
    const most = { maxArrayLength: 10_000, maxMapLength: 10_000 }
    fc.assert(
      fc.property(bytes, (any) => {
        try {
          decode(any, most)
        } catch {
          return
        }
        expect(isWholeMsgpack(any, deep)).toBe(true)
      }),
      { numRuns: 2_000 },
    )
  })

  it.each([
    ['a list of 16 bits', [0xdc, 0, 1, 0xc0]],
    ['a list of 32 bits', [0xdd, 0, 0, 0, 1, 0xc0]],
    ['a map of 16 bits', [0xde, 0, 1, 0xa0, 0xc0]],
    ['a map of 32 bits', [0xdf, 0, 0, 0, 1, 0xa0, 0xc0]],
    ['bytes of 32 bits', [0xc6, 0, 0, 0, 1, 7]],
    ['a text of 32 bits', [0xdb, 0, 0, 0, 1, 0x61]],
    ['an extension of 32 bits', [0xc9, 0, 0, 0, 1, 5, 7]],
    ['an extension of 16 bytes', [0xd8, 5, ...Array<number>(16).fill(7)]],
  ])('knows %s, whole and not', (_, bytes) => {
    expect(isWholeMsgpack(Uint8Array.from(bytes), deep)).toBe(true)
    expect(isWholeMsgpack(Uint8Array.from(bytes.slice(0, -1)), deep)).toBe(false)
    for (let at = 1; at < bytes.length; at++)
      expect(isWholeMsgpack(Uint8Array.from(bytes.slice(0, at)), deep)).toBe(false)
  })

  it('refuses what is nested deeper than it may be, and no shallower', () => {
    const tower = (levels: number): Uint8Array => Uint8Array.of(...Array<number>(levels).fill(0x91), 0xc0)
    expect(isWholeMsgpack(tower(64), 64)).toBe(true)
    expect(isWholeMsgpack(tower(65), 64)).toBe(false)
  })
})
