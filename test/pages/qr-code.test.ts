import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { qrCode, qrModules } from '../../src/pages/qr-code.ts'

function print(text: string): string {
  const modules = qrModules(text) ?? []
  const image = modules.map((row) => row.map((dark) => (dark ? '1' : '0')).join('')).join('\n')
  return createHash('sha256').update(image).digest('base64url').slice(0, 16)
}

/** As many different characters as there are. */
function sample(length: number): string {
  return Array.from({ length }, (_, i) => String.fromCharCode(33 + ((i * 7 + length * 13) % 90))).join('')
}

describe('the QR code', () => {
  // Pictures that another program read back to the very text: of one block and of sixteen, with and without version bits.
  it.each([
    [1, 'Y_syipmH06Mlo2UC'],
    [14, 'qgy-_6_yWcTDGwoM'],
    [15, 'dP70Xp8sexdNtpOa'],
    [62, 'mUri6kM2cmL2K1ox'],
    [106, 'XE6QWBKi59jDgwIE'],
    [122, 'pGJnl7WWDGSkldTr'],
    [180, 'Lmry2a20gSK5c803'],
    [287, 'IUKugw1lTHy-s3Id'],
    [450, 'fDIN5GgIUCZL_10D'],
    [666, 'M9mahjSvQsKSjzKt'],
  ] as const)('of %i bytes is the one that a reader was seen to read', (length, digest) => {
    expect(print(sample(length))).toBe(digest)
  })

  it('has the three corners, dark on light, with four modules round it', () => {
    const svg = String(qrCode('otpauth://totp/Kelp:anna?secret=GEZDGNBV', 'A label'))
    expect(svg).toContain('aria-label="A label"')
    expect(svg).toContain('M4 4h1v1h-1z')
    expect(svg).not.toMatch(/M[0-3] |M\d+ [0-3]h/)
  })

  it('is none for what no telephone would read', () => {
    expect(qrModules('x'.repeat(666))).not.toBeNull()
    expect(qrModules('x'.repeat(667))).toBeNull()
  })
})
