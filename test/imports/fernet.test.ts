import { describe, expect, it } from 'vitest'
import { fromUtf8 } from '../../src/core/crypto.ts'
import { openFernet } from '../../src/imports/fernet.ts'
import { golden, madeAt, named } from './golden.ts'

const key = Buffer.from(golden.fernet.keyHex, 'hex')
const token = named(golden.fernet.tokens, 'hello')

describe('openFernet', () => {
  it('opens what cryptography sealed', () => {
    const opened = openFernet(key, token)
    expect(opened === null ? null : fromUtf8(opened.bytes)).toBe('hello')
    expect(opened?.issuedAt).toBe(madeAt)
  })

  it('opens it under no other key', () => {
    for (const at of [0, 15, 16, 31]) {
      const other = Buffer.from(key)
      other[at] = (other[at] ?? 0) ^ 1
      expect(openFernet(other, token)).toBeNull()
    }
  })

  it('opens it with no byte changed, and cut nowhere', () => {
    const box = Buffer.from(token, 'base64url')
    for (let at = 0; at < box.length; at++) {
      const changed = Buffer.from(box)
      changed[at] = (changed[at] ?? 0) ^ 1
      for (const bytes of [changed, box.subarray(0, at)])
        expect(openFernet(key, bytes.toString('base64').replaceAll('+', '-').replaceAll('/', '_'))).toBeNull()
    }
  })

  it('opens no other spelling of it', () => {
    for (const spelt of [
      token.replace(/=+$/, ''),
      ` ${token}`,
      `${token}\n`,
      `${token}AAAA`,
      token.replace('_J8', '/J8'),
    ])
      expect(openFernet(key, spelt)).toBeNull()
    expect(token).toContain('_J8')
  })
})
