import { describe, expect, it } from 'vitest'
import { clockText, lead, nearest } from '../../src/client/deadline.ts'

describe('nearest', () => {
  it('is the idle deadline while that comes first, and activity can move it', () => {
    expect(nearest({ idleAt: 5, absoluteAt: 9, now: 0 })).toEqual({ at: 5, extendable: true })
  })

  it('is the absolute deadline when both fall together, since activity moves neither', () => {
    expect(nearest({ idleAt: 9, absoluteAt: 9, now: 0 })).toEqual({ at: 9, extendable: false })
  })

  it('is whichever exists, and nothing where none does', () => {
    expect(nearest({ idleAt: null, absoluteAt: 9, now: 0 })).toEqual({ at: 9, extendable: false })
    expect(nearest({ idleAt: 5, absoluteAt: null, now: 0 })).toEqual({ at: 5, extendable: true })
    expect(nearest({ idleAt: null, absoluteAt: null, now: 0 })).toBeNull()
  })
})

describe('lead', () => {
  it('is two minutes', () => {
    expect(lead({ at: 0, extendable: true }, 43_200_000)).toBe(120_000)
    expect(lead({ at: 0, extendable: false }, 1000)).toBe(120_000)
  })

  it('is half of a short idle timeout, so that staying does not bring the warning straight back', () => {
    expect(lead({ at: 0, extendable: true }, 60_000)).toBe(30_000)
  })
})

describe('clockText', () => {
  it('counts as people do: the last second is 0:01, and nothing is below 0:00', () => {
    expect([119_001, 60_000, 59_999, 1, 0, -5].map(clockText)).toEqual([
      '2:00',
      '1:00',
      '1:00',
      '0:01',
      '0:00',
      '0:00',
    ])
  })
})
