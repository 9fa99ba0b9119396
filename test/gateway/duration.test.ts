import { describe, expect, it } from 'vitest'
import { parseDuration } from '../../src/gateway/duration.ts'

describe('parseDuration()', () => {
  it('reads what people write', () => {
    const spans = ['90s', '30m', '12h', '14d', '2w', '1h30m', '0s'].map(parseDuration)
    expect(spans).toEqual([90_000, 1_800_000, 43_200_000, 1_209_600_000, 1_209_600_000, 5_400_000, 0])
  })

  // 30 what? Other programs take seconds, minutes and milliseconds.
  it('reads no bare number', () => {
    for (const text of ['30', '', '1.5h', '-1h', '12 h', 'h', '1y', '1h ', '1H', '9999999999h']) {
      expect(parseDuration(text)).toBeNull()
    }
  })
})
