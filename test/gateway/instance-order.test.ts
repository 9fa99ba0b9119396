/** The pure choice of an instance: even, the same everywhere, and moving nobody without need. */
import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  instanceOrder,
  pinCount,
  pinOfSid,
  pinOfText,
  readPin,
  writePin,
} from '../../src/gateway/proxy/instance-order.ts'
import { leadOf } from '../../src/gateway/proxy/lead.ts'

const itself = (name: string): string => name
const pin = fc.nat({ max: pinCount - 1 })
const origins = fc.uniqueArray(
  fc.tuple(fc.domain(), fc.integer({ min: 1, max: 65_535 })).map(([host, port]) => `http://${host}:${port}`),
  { minLength: 2, maxLength: 9 },
)
const shuffled = origins.chain((all) =>
  fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length, maxLength: all.length })),
)

describe('instanceOrder()', () => {
  it('is the same at every gateway, in whatever order each was told of the instances', () => {
    fc.assert(
      fc.property(shuffled, pin, ([one, other], pin) => {
        expect(instanceOrder(other, itself).of(pin)).toEqual(instanceOrder(one, itself).of(pin))
      }),
    )
  })

  it('names every instance once', () => {
    fc.assert(
      fc.property(origins, pin, (all, pin) => {
        expect([...instanceOrder(all, itself).of(pin)].sort()).toEqual([...all].sort())
      }),
    )
  })

  it('moves only who was led to an instance that leaves, and back only those when it returns', () => {
    fc.assert(
      fc.property(origins, pin, fc.nat(), (all, pin, which) => {
        const leaving = all[which % all.length]
        const left = instanceOrder(
          all.filter((one) => one !== leaving),
          itself,
        )
        // The others stand as they stood before each other, so that nobody else is led differently.
        expect(left.of(pin)).toEqual(
          instanceOrder(all, itself)
            .of(pin)
            .filter((one) => one !== leaving),
        )
      }),
    )
  })

  it('leads equally many pins to each instance, and those of one that left equally to all others', () => {
    fc.assert(
      fc.property(origins, (all) => {
        const order = instanceOrder(all, itself)
        for (const place of [0, 1]) {
          const counts = new Map(all.map((one) => [one, 0]))
          for (let pin = 0; pin < pinCount; pin++) {
            const led = order.of(pin)[place] ?? ''
            counts.set(led, (counts.get(led) ?? 0) + 1)
          }
          const share = 1 / all.length
          const spread = Math.sqrt(pinCount * share * (1 - share))
          for (const count of counts.values())
            expect(Math.abs(count - pinCount * share)).toBeLessThan(6 * spread)
        }
      }),
      { numRuns: 12 },
    )
  })

  it('finds a pin for each instance, the same from any two gateways', () => {
    fc.assert(
      fc.property(shuffled, pin, fc.nat(), ([one, other], from, which) => {
        const wanted = one[which % one.length] ?? ''
        const order = instanceOrder(one, itself)
        const found = order.pinTo(wanted, from)
        expect(order.of(found)[0]).toBe(wanted)
        expect(instanceOrder(other, itself).pinTo(wanted, from)).toBe(found)
      }),
    )
  })
})

describe('a pin', () => {
  it('is read as it was written, and from no other text', () => {
    fc.assert(
      fc.property(pin, (pin) => {
        expect(readPin(writePin(pin))).toBe(pin)
      }),
    )
    const near = fc.string({ maxLength: 5, unit: fc.constantFrom(...'019azAZ-+. ,;') })
    fc.assert(
      fc.property(fc.oneof(near, fc.string()), (text) => {
        const read = readPin(text)
        if (read === null) return
        expect(read).toBeLessThan(pinCount)
        expect(writePin(read)).toBe(text)
      }),
      { numRuns: 2_000 },
    )
    for (const text of ['', '00', '-1', '1.0', 'A', ' 1', '1 ', pinCount.toString(36), 'zzz', 'zzzz'])
      expect(readPin(text), text).toBeNull()
  })

  it('is there for any text, and even for what sids are', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        for (const pin of [pinOfSid(text), pinOfText(text)])
          expect(Number.isInteger(pin) && pin >= 0 && pin < pinCount).toBe(true)
      }),
    )
    const halves = [0, 0]
    const low = [0, 0]
    for (let i = 0; i < 4_000; i++) {
      const pin = pinOfSid(randomBytes(16).toString('base64url'))
      halves[pin >> 11] = (halves[pin >> 11] ?? 0) + 1
      low[pin & 1] = (low[pin & 1] ?? 0) + 1
    }
    for (const count of [...halves, ...low]) expect(Math.abs(count - 2_000)).toBeLessThan(200)
  })
})

describe('leadOf()', () => {
  const who = { pin: null, session: null, address: '203.0.113.7', document: true }

  it('goes by the pin that the browser was handed, then by its session, whatever its token is', () => {
    const session = { sid: 'zK3r0vE0mFmXr8m4k2oTqA' }
    const byPin = leadOf({ ...who, pin: 7, session })
    expect(byPin).toEqual({ pin: 7, tell: 'moved' })
    expect(leadOf({ ...who, session })).toEqual({ pin: pinOfSid(session.sid), tell: 'moved' })
    expect(leadOf({ ...who, session, address: '::1', document: false }).pin).toBe(pinOfSid(session.sid))
  })

  it('draws one for a first page, spread over all, and hands nothing to whoever asks for no page', () => {
    const drawn = new Set<number>()
    for (let i = 0; i < 400; i++) {
      const { pin, tell } = leadOf(who)
      expect(tell).toBe('always')
      drawn.add(pin)
    }
    expect(drawn.size).toBeGreaterThan(300)
    const asset = leadOf({ ...who, document: false })
    expect(asset.tell).toBe('never')
    expect(leadOf({ ...who, document: false }).pin).toBe(asset.pin)
  })
})
