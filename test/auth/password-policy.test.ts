import { dictionary } from '@zxcvbn-ts/language-common'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { passwordFault } from '../../src/auth/password-policy.ts'

const anna = { userId: 'anna', name: 'Anna Bergström', email: 'anna.b@example.org' }

describe('passwordFault', () => {
  it('wants eight characters, counted as people count them', () => {
    expect(passwordFault('xkq7vbw', anna)).not.toBeNull()
    expect(passwordFault('xkq7vbwz', anna)).toBeNull()
    expect(passwordFault('\u{1f600}\u{1f9ca}\u{1f680}\u{1f33b}', anna)).not.toBeNull()
    expect(
      passwordFault('\u{1f600}\u{1f9ca}\u{1f680}\u{1f33b}\u{1f3b9}\u{1f9f5}\u{1f40c}\u{1fab4}', anna),
    ).toBeNull()
  })

  it.each([
    'password',
    'Password1',
    'passw0rd',
    'PASSWORD2024!',
    '12345678',
    'qwertyui',
    'aaaaaaaa',
    'abcabcabc',
  ])('refuses %s, which is among the first that are tried', (password) =>
    expect(passwordFault(password, anna)).not.toBeNull(),
  )

  it.each(['9876543210', 'lkjhgfdsa', 'defghijk', 'Holdfast123', '!!welcome!!', '1q2w3e4r', 'Streamlit1'])(
    'refuses %s too',
    (password) => expect(passwordFault(password, anna)).not.toBeNull(),
  )

  it('V6.2.4: refuses the three thousand most used ones that are long enough, and those behind them', () => {
    const long = (dictionary['passwords-common'] ?? []).filter((password) => [...password].length >= 8)
    expect(long.length).toBeGreaterThan(3_000)
    const some = [...long.slice(0, 3_000), ...long.slice(-100)]
    expect(some.filter((password) => passwordFault(password, anna) === null)).toEqual([])
    expect(passwordFault('MidNight', anna)).not.toBeNull()
  })

  it('refuses the user name, the name and the address, with a year behind them as well', () => {
    const long = { userId: 'annabergstroem', name: 'Anna Bergström', email: 'a.bergstroem@example.org' }
    for (const password of [
      'AnnaBergstroem',
      'annabergstroem1',
      'anna bergström',
      'ANNABERGSTRÖM',
      'a.bergstroem99',
    ]) {
      expect(passwordFault(password, long)).not.toBeNull()
    }
    expect(passwordFault('a.bergstroem@example.org', long)).not.toBeNull()
  })

  it('asks for no mixture: anything else of eight characters or more is good', () => {
    const words = fc.string({ unit: 'grapheme', minLength: 12, maxLength: 100 })
    const password = fc.tuple(words, fc.uuid()).map(([word, id]) => `${word}${id}`)
    fc.assert(fc.property(password, (text) => text.includes('\0') || passwordFault(text, anna) === null))
  })

  it('allows 64 characters and more, up to 1024 bytes', () => {
    expect(passwordFault(`${'xq7 '.repeat(16)}end`, anna)).toBeNull()
    expect(passwordFault(`${'x'.repeat(1023)}y`, anna)).toBeNull()
    expect(passwordFault(`${'x'.repeat(1024)}y`, anna)).not.toBeNull()
  })
})
