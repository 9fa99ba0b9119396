import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { newRecoveryCodes, readRecoveryCode, recoveryImage } from '../../src/auth/recovery-codes.ts'

const key = new Uint8Array(32).fill(7)

describe('recovery codes', () => {
  it('V6.5.3, V6.5.4: are ten, of 80 random bits each, and no two alike', () => {
    const codes = Array.from({ length: 50 }, newRecoveryCodes).flat()
    expect(codes).toHaveLength(500)
    expect(new Set(codes).size).toBe(500)
    for (const code of codes) expect(code).toMatch(/^(?:[0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}$/)
    // Every letter of the alphabet comes up: 8,000 draws of 32 miss one with a chance of e^-245.
    expect(new Set(codes.join('').replaceAll('-', '')).size).toBe(32)
  })

  it('are read as people type them: small, spaced, with letters for digits', () => {
    const [code = ''] = newRecoveryCodes()
    const plain = code.replaceAll('-', '')
    for (const typed of [
      code,
      plain,
      code.toLowerCase(),
      ` ${code.replaceAll('-', ' ')} `,
      plain.replaceAll('0', 'O').replaceAll('1', 'l'),
    ])
      expect(readRecoveryCode(typed)).toBe(plain)
    for (const odd of ['', '123456', `${plain}0`, plain.slice(1), 'U'.repeat(16)])
      expect(readRecoveryCode(odd)).toBeNull()
  })

  it('V6.5.2: are kept as images that depend on the account, the code and the key', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (one, other) => {
        const [code = ''] = newRecoveryCodes()
        const image = recoveryImage(key, one, code)
        expect(image).toBe(recoveryImage(key, one, code.toLowerCase()))
        expect(image).not.toContain(code.slice(0, 4).repeat(2))
        if (one !== other) expect(recoveryImage(key, other, code)).not.toBe(image)
        expect(recoveryImage(new Uint8Array(32), one, code)).not.toBe(image)
      }),
    )
  })
})
