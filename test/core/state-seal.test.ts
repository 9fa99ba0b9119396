import { describe, expect, it } from 'vitest'
import { random } from '../../src/core/crypto.ts'
import { stateSeal } from '../../src/core/state-seal.ts'

const scope = { sid: 'AAAAAAAAAAAAAAAAAAAAAA', name: 'a' }

describe('the seal of a scope', () => {
  it('opens what it sealed, whatever the key and the text', () => {
    const seal = stateSeal(random(32), scope)
    for (const [key, text] of [
      ['', ''],
      ['k', '1'],
      ['🦕', '"zß水🦕"'],
      ['k'.repeat(1024), 'x'.repeat(1_000_000)],
    ] as const)
      expect(seal.open(seal.image(key), seal.seal(seal.image(key), key, text))).toEqual({ key, text })
  })

  it('opens a box nowhere but where it belongs: this key of this scope of this session', () => {
    const root = random(32)
    const seal = stateSeal(root, scope)
    const box = seal.seal(seal.image('k'), 'k', 'secret')
    expect(seal.open(seal.image('other'), box)).toBeNull()
    expect(seal.open('', box)).toBeNull()
    for (const other of [
      { ...scope, name: 'b' },
      { ...scope, sid: 'AAAAAAAAAAAAAAAAAAAAAQ' },
      { ...scope, sid: null },
    ]) {
      const stranger = stateSeal(root, other)
      expect(stranger.open(seal.image('k'), box)).toBeNull()
      expect(stranger.open(stranger.image('k'), box)).toBeNull()
      expect(stranger.image('k')).not.toBe(seal.image('k'))
    }
    expect(stateSeal(random(32), scope).open(seal.image('k'), box)).toBeNull()
  })

  it('writes the same thing differently every time', () => {
    const seal = stateSeal(random(32), scope)
    const boxes = Array.from({ length: 100 }, () =>
      Buffer.from(seal.seal(seal.image('k'), 'k', '1')).toString('hex'),
    )
    expect(new Set(boxes).size).toBe(100)
    expect(new Set(boxes.map((box) => box.slice(0, 24))).size).toBe(100)
  })
})
