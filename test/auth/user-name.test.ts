import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalUserName } from '../../src/auth/user-name.ts'
import { processorTime } from '../processor-time.ts'

const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.string({
    unit: fc.constantFrom('a', 'A', 'İ', 'ı', 'ẞ', 'ß', 'Σ', 'ς', '\u0301', 'é', 'K', ' ', '.', '\u00a0'),
  }),
)

describe('canonicalUserName', () => {
  it('gives the same name when asked again', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const name = canonicalUserName(text)
        return name === null || canonicalUserName(name) === name
      }),
      { numRuns: 5000 },
    )
  })

  it('makes one name of a name and its spellings in capitals, decomposed or padded', () => {
    const plain = fc.stringMatching(/^[a-z0-9äöüéñåç._@-]{1,20}$/)
    fc.assert(
      fc.property(plain, (name) => {
        const spellings = [name.toUpperCase(), name.normalize('NFD'), ` ${name}\t`, `\u00a0${name}\u2003`]
        return spellings.every((spelling) => canonicalUserName(spelling) === canonicalUserName(name))
      }),
    )
  })

  it('never yields a control or invisible character, an outer blank or more than 128 units', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const name = canonicalUserName(text)
        return (
          name === null || (!/[\p{C}\p{Zl}\p{Zp}]/u.test(name) && name.trim() === name && name.length <= 128)
        )
      }),
      { numRuns: 5000 },
    )
  })

  it.each([
    '',
    ' ',
    'a\nb',
    'a\r\nX-Forwarded-User: root',
    'a\u200bb',
    'a\u202eb',
    'a\0',
    'a,b',
    'a/b',
    'a'.repeat(129),
  ])('refuses %j', (text) => expect(canonicalUserName(text)).toBeNull())

  it('is quick about a megabyte of name', async () => {
    const name = 'A\u030a'.repeat(500_000)
    const spent = await processorTime(() => {
      for (let n = 0; n < 100; n += 1) expect(canonicalUserName(name)).toBeNull()
    })
    // Normalising it once takes ten milliseconds and more.
    expect(spent).toBeLessThan(300)
  })
})
