import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { passkeyChallenges } from '../../src/auth/passkey-challenge.ts'
import { isCounterBack, readPasskeyAnswer, relyingParty } from '../../src/auth/passkeys.ts'
import { memoryStore } from '../../src/stores/memory.ts'

const minute = 60_000

function setUp(): {
  at: { now: number }
  one: ReturnType<typeof passkeyChallenges>
  two: ReturnType<typeof passkeyChallenges>
} {
  const at = { now: 1_767_323_045_000 }
  const store = memoryStore({ now: () => at.now })
  const options = { key: new Uint8Array(32).fill(3), store, now: () => at.now }
  return { at, one: passkeyChallenges(options), two: passkeyChallenges(options) }
}

describe('challenges for passkeys', () => {
  it('V6.7.2: are 24 random bytes and more, and no two alike', () => {
    const { one } = setUp()
    const many = Array.from({ length: 1000 }, () => one.issue('factor', 'b'))
    expect(new Set(many).size).toBe(1000)
    expect(Buffer.from(many[0] ?? '', 'base64url').length).toBe(62)
  })

  it('V6.7.2: count once, whichever replica is answered', async () => {
    const { one, two } = setUp()
    const challenge = one.issue('factor', 'binding')
    const all = await Promise.all(
      Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? one : two).accept(challenge, 'factor', 'binding')),
    )
    expect(all.filter(Boolean)).toHaveLength(1)
  })

  it('count for five minutes, their own purpose and their own browser', async () => {
    const { at, one } = setUp()
    const challenge = one.issue('factor', 'binding')
    expect(await one.accept(challenge, 'sign-in', 'binding')).toBe(false)
    expect(await one.accept(challenge, 'factor', 'another')).toBe(false)
    at.now += 5 * minute + 1
    expect(await one.accept(challenge, 'factor', 'binding')).toBe(false)
    at.now -= 8 * minute
    expect(await one.accept(challenge, 'factor', 'binding')).toBe(false)
  })

  it('count for nothing with any bit changed', async () => {
    const { one } = setUp()
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 62 * 8 - 1 }), async (bit) => {
        const bytes = Buffer.from(one.issue('factor', 'b'), 'base64url')
        bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        expect(await one.accept(bytes.toString('base64url'), 'factor', 'b')).toBe(false)
      }),
    )
    await fc.assert(
      fc.asyncProperty(fc.string(), async (text) => {
        expect(await one.accept(text, 'factor', 'b')).toBe(false)
      }),
    )
  })
})

describe('passkeys', () => {
  it('have a relying party from our own address alone, and none where browsers have no passkeys', () => {
    expect(relyingParty('https://apps.example.org:8443', 'Kelp')).toEqual({
      ...{ id: 'apps.example.org', origin: 'https://apps.example.org:8443', name: 'Kelp' },
    })
    expect(relyingParty('http://localhost:8080', 'Kelp')?.id).toBe('localhost')
    for (const none of ['http://127.0.0.1:8080', 'https://192.0.2.1', 'https://[::1]', 'http://example.org'])
      expect(relyingParty(none, 'Kelp')).toBeNull()
  })

  it('that count are refused when they count backwards, or stand still; those that never count are not', () => {
    expect([isCounterBack(0, 0), isCounterBack(0, 1), isCounterBack(5, 6)]).toEqual([false, false, false])
    expect([isCounterBack(5, 5), isCounterBack(5, 4), isCounterBack(5, 0)]).toEqual([true, true, true])
  })

  it('answer with what can be read, or are nothing', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(() => readPasskeyAnswer(text)).not.toThrow()
      }),
    )
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(() => readPasskeyAnswer(text)).not.toThrow()
      }),
    )
    expect(readPasskeyAnswer('x'.repeat(20_000))).toBeNull()
    expect(readPasskeyAnswer('null')).toBeNull()
  })
})
