import { describe, expect, it } from 'vitest'
import { afterKeys } from '../../src/cli/terminal.ts'

describe('afterKeys()', () => {
  it('takes what is typed, and back what is taken back', () => {
    expect(afterKeys('', 'kelk\u007fp')).toEqual({ text: 'kelp', end: null })
    expect(afterKeys('kelp', '\u0015sea')).toEqual({ text: 'sea', end: null })
    expect(afterKeys('a🌊', '\b')).toEqual({ text: 'a', end: null })
  })

  it('ends at Enter, and takes what was pasted before it', () => {
    expect(afterKeys('ke', 'lp\rnever')).toEqual({ text: 'kelp', end: 'done' })
  })

  it('gives up at Ctrl-C and Ctrl-D', () => {
    expect(afterKeys('kelp', '\u0003').end).toBe('given-up')
    expect(afterKeys('kelp', '\u0004').end).toBe('given-up')
  })

  it('takes no arrow key for a part of it', () => {
    expect(afterKeys('kelp', '\u001b[D')).toEqual({ text: 'kelp', end: null })
  })
})
