import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { matchTotp, newTotpSecret, totpCode, totpStep, totpUri } from '../../src/auth/totp.ts'

// RFC 6238, appendix B: the ASCII secret 12345678901234567890 in base32, and the last six of its eight digits.
const secret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'

describe('codes by time', () => {
  it.each([
    [59, '287082'],
    [1_111_111_109, '081804'],
    [1_111_111_111, '050471'],
    [1_234_567_890, '005924'],
    [2_000_000_000, '279037'],
    [20_000_000_000, '353130'],
  ])('are those of RFC 6238 at second %i', (second, code) => {
    expect(totpCode(secret, totpStep(second * 1000))).toBe(code)
  })

  it('V6.5.5, V6.5.8: hold for their own thirty seconds and the two beside, by the clock of the server alone', () => {
    const now = 1_767_323_045_000
    for (const [off, holds] of [
      [-2, false],
      [-1, true],
      [0, true],
      [1, true],
      [2, false],
    ] as const)
      expect(matchTotp(secret, totpCode(secret, totpStep(now) + off), now, 0) !== null, `${off}`).toBe(holds)
  })

  it('CVE-2026-82470, V6.5.1: hold once, and none before one that was used holds any more', () => {
    const now = 1_767_323_045_000
    const step = totpStep(now)
    expect(matchTotp(secret, totpCode(secret, step), now, step - 1)).toBe(step)
    expect(matchTotp(secret, totpCode(secret, step), now, step)).toBeNull()
    expect(matchTotp(secret, totpCode(secret, step - 1), now, step)).toBeNull()
    expect(matchTotp(secret, totpCode(secret, step + 1), now, step)).toBe(step + 1)
  })

  it('take spaces as people type them, and nothing else than six digits', () => {
    const now = 1_767_323_045_000
    const code = totpCode(secret, totpStep(now))
    expect(matchTotp(secret, ` ${code.slice(0, 3)} ${code.slice(3)} `, now, 0)).toBe(totpStep(now))
    for (const odd of ['', code.slice(1), `${code}0`, `-${code}`, `${code.slice(0, 5)}٠`, 'abcdef'])
      expect(matchTotp(secret, odd, now, 0)).toBeNull()
  })

  it('match for every secret, at every time, and for no other secret but by chance', () => {
    fc.assert(
      fc.property(fc.integer({ min: 60_000, max: 4_000_000_000_000 }), (now) => {
        const mine = newTotpSecret()
        expect(mine).toMatch(/^[A-Z2-7]{32}$/)
        expect(matchTotp(mine, totpCode(mine, totpStep(now)), now, 0)).not.toBeNull()
      }),
    )
  })

  it('are written so that no name ends the issuer’s part of the address', () => {
    const uri = totpUri(secret, { issuer: 'Kelp: & co', account: 'anna@example.org?x=1' })
    const url = new URL(uri)
    expect(url.searchParams.get('issuer')).toBe('Kelp  & co')
    expect(url.searchParams.get('secret')).toBe(secret)
    expect(url.searchParams.get('x')).toBeNull()
    expect(decodeURIComponent(url.pathname).split(':')).toHaveLength(2)
  })
})
