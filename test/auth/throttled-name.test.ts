import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { signInThrottle } from '../../src/auth/throttle.ts'
import { throttledName } from '../../src/auth/throttled-name.ts'
import { canonicalUserName, longestUserName } from '../../src/auth/user-name.ts'
import { memoryStore } from '../../src/stores/memory.ts'

const key = new Uint8Array(32).fill(7)

describe('the name that attempts are counted under', () => {
  it('is the user name, where it can be one of ours', () => {
    expect([' Anna', 'a b', 'Ådne', 'anna@example.org'].map(throttledName)).toEqual([
      ...['anna', 'a b', 'ådne', 'anna@example.org'],
    ])
  })

  it('keeps the accounts of an API apart whose names are none of ours', async () => {
    const gate = signInThrottle({ store: memoryStore(), key })
    for (let n = 0; n < 40; n++) await gate.attempt(`<${n}>`, `10.0.${n}.1`)
    for (let n = 0; n < 10; n++) await gate.attempt('CORP\\anna', '192.0.2.1')
    expect((await gate.attempt('CORP\\anna', '192.0.2.1')).allowed).toBe(false)
    expect(await gate.attempt('CORP\\ben', '192.0.2.1')).toEqual({ allowed: true, delaySeconds: 0 })
    expect(await gate.attempt('a/b', '192.0.2.1')).toEqual({ allowed: true, delaySeconds: 0 })
  })

  it('CVE-2025-24806: gives no budget of guesses for another spelling', () => {
    const spellings = [
      'CORP\\anna',
      'corp\\ANNA',
      ' CORP\\anna\u3000',
      'CORP＼anna',
      'CORP\\an\u200bna',
      'CORP\\anna\0',
    ]
    expect(new Set(spellings.map(throttledName))).toEqual(new Set(['corp\\anna']))
    const annas = ['anna\u200b', 'an\u00adna', 'anna\ufeff\t', 'ＡＮＮＡ', 'ＡＮＮＡ\u200b']
    expect(new Set(annas.map(throttledName))).toEqual(new Set(['anna']))
    expect(throttledName('a/b \t c')).toBe(throttledName('A/b c'))
  })

  it('is of bounded length, and one for all that is one user here', () => {
    const text = fc.string({ unit: 'binary', maxLength: 200 })
    fc.assert(
      fc.property(text, (text) => {
        expect(throttledName(text).length).toBeLessThanOrEqual(longestUserName)
        const user = canonicalUserName(text)
        if (user !== null) expect(throttledName(text)).toBe(throttledName(user))
      }),
    )
    const short = fc.string({ unit: fc.constantFrom(...'aAﬁＡ\u0301\u212bσΣς\\ '), maxLength: 6 })
    fc.assert(
      fc.property(short, (text) => {
        expect(throttledName(` ${text}\n`)).toBe(throttledName(text))
      }),
    )
    expect(throttledName('\ufdfa'.repeat(16_384)).length).toBeLessThanOrEqual(longestUserName)
  })
})
