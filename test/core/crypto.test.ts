import { createCipheriv, createHash, hkdfSync } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  concat,
  derive,
  digest,
  equal,
  fromBase64url,
  fromUtf8,
  hmac,
  open,
  random,
  seal,
  toBase64url,
  toUtf8,
} from '../../src/core/crypto.ts'

const key = random(32)
const plain = toUtf8('what nobody else may read')

describe('seal() and open()', () => {
  it('give back any bytes under the same key and binding', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3_000 }), fc.string(), (bytes, bound) => {
        const opened = open(key, seal(key, bytes, bound), bound)
        expect(opened === null ? null : Buffer.compare(opened, bytes)).toBe(0)
      }),
      { numRuns: 200 },
    )
  })

  it('add 28 bytes, nonce and tag, and show nothing of the plain text', () => {
    const box = seal(key, plain, 'b')
    expect(box.length).toBe(plain.length + 28)
    expect(Buffer.from(box).includes('nobody')).toBe(false)
  })

  it('refuse another key and another binding', () => {
    const box = seal(key, plain, 'b')
    expect(open(random(32), box, 'b')).toBeNull()
    for (const bound of ['', 'c', 'b ', 'bb']) expect(open(key, box, bound)).toBeNull()
  })

  it('refuse a box with any one bit turned', () => {
    const box = seal(key, plain, 'b')
    for (let bit = 0; bit < box.length * 8; bit++) {
      const changed = Uint8Array.from(box)
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(open(key, changed, 'b')).toBeNull()
    }
  })

  it('refuse a box that was cut at either end or prolonged, the empty one too', () => {
    const box = seal(key, plain, 'b')
    for (let length = 0; length < box.length; length++) {
      expect(open(key, box.subarray(0, length), 'b')).toBeNull()
      expect(open(key, box.subarray(box.length - length), 'b')).toBeNull()
    }
    expect(open(key, concat(box, new Uint8Array(1)), 'b')).toBeNull()
  })

  it('SECURITY: refuse short tags, which Node would check as far as they go', () => {
    const nonce = random(12)
    for (const authTagLength of [4, 8, 12, 13, 14, 15]) {
      const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength })
      cipher.setAAD(Buffer.from('b'))
      const body = Buffer.concat([cipher.update(plain), cipher.final()])
      expect(open(key, concat(nonce, body, cipher.getAuthTag()), 'b')).toBeNull()
      expect(open(key, concat(nonce, cipher.getAuthTag()), 'b')).toBeNull()
    }
  })

  it('use a new nonce each time, also for the same text', () => {
    const nonces = new Set(
      Array.from({ length: 20_000 }, () => toBase64url(seal(key, plain, 'b').subarray(0, 12))),
    )
    expect(nonces.size).toBe(20_000)
  })

  it('read boxes that lie inside a larger buffer', () => {
    const larger = concat(random(7), seal(key, plain, 'b'), random(5))
    const opened = open(key, larger.subarray(7, larger.length - 5), 'b')
    expect(opened === null ? null : fromUtf8(opened)).toBe('what nobody else may read')
  })
})

describe('derive()', () => {
  it('is HKDF-SHA-256, another key for each purpose, salt and key', () => {
    const salt = random(16)
    const expected = Buffer.from(hkdfSync('sha256', key, salt, 'p', 32))
    expect(Buffer.from(derive(key, salt, 'p')).equals(expected)).toBe(true)
    const keys = [
      derive(key, salt, 'p'),
      derive(key, salt, 'q'),
      derive(key, random(16), 'p'),
      derive(random(32), salt, 'p'),
    ]
    expect(new Set(keys.map(toBase64url)).size).toBe(4)
    expect(keys.every(({ length }) => length === 32)).toBe(true)
  })
})

describe('hmac() and digest()', () => {
  it('are HMAC-SHA-256 (RFC 4231, case 2) and SHA-256', () => {
    expect(Buffer.from(hmac(toUtf8('Jefe'), 'what do ya want for nothing?')).toString('hex')).toBe(
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    )
    expect(digest('abc')).toBe(createHash('sha256').update('abc').digest('base64url'))
  })
})

describe('equal()', () => {
  it('compares bytes, and answers false for other lengths instead of throwing', () => {
    expect(equal(toUtf8('abc'), toUtf8('abc'))).toBe(true)
    expect(equal(toUtf8('abc'), toUtf8('abd'))).toBe(false)
    expect(equal(toUtf8('abc'), toUtf8('ab'))).toBe(false)
    expect(equal(new Uint8Array(0), new Uint8Array(0))).toBe(true)
  })
})

describe('fromBase64url()', () => {
  it('reads back what was written', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        const read = fromBase64url(toBase64url(bytes))
        expect(read === null ? null : Buffer.compare(read, bytes)).toBe(0)
      }),
    )
  })

  it('refuses every other spelling of the same bytes', () => {
    expect(fromBase64url('-_8')).not.toBeNull()
    for (const text of ['+/8', '-_8=', '-_9', '-_ 8', '-_8\n', ' -_8', '-_8A=', '-', '-_8!', '-_８']) {
      expect(fromBase64url(text)).toBeNull()
    }
  })
})

describe('random()', () => {
  it('ASVS 7.2.3: gives bytes whose bits are even, and never the same twice', () => {
    const count = 4_000
    const all = Array.from({ length: count }, () => random(32))
    expect(new Set(all.map(toBase64url)).size).toBe(count)
    let ones = 0
    for (const bytes of all) for (const byte of bytes) ones += byte.toString(2).replaceAll('0', '').length
    const bits = count * 256
    // Six standard deviations: a fair source fails once in five hundred million runs.
    expect(Math.abs(ones - bits / 2)).toBeLessThan(6 * Math.sqrt(bits / 4))
  })
})
