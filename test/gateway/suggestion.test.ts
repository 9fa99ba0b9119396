import { describe, expect, it } from 'vitest'
import { nearest } from '../../src/gateway/suggestion.ts'

const known = ['listen', 'access', 'publicUrl', 'users', 'store']

describe('nearest()', () => {
  it('finds what was meant', () => {
    const words = ['listn', 'acess', 'acecss', 'public-url', 'PUBLIC_URL', 'user'].map((word) =>
      nearest(word, known),
    )
    expect(words).toEqual(['listen', 'access', 'access', 'publicUrl', 'publicUrl', 'users'])
  })

  it('guesses nothing wild', () => {
    for (const word of ['', 'x', 'colour', 'loginApi', 'y'.repeat(1_000_000)])
      expect(nearest(word, known)).toBeNull()
  })
})
