import { describe, expect, it } from 'vitest'
import { createSuccession, handoverMs } from '../../src/stores/succession.ts'

function watched() {
  let at = 1_000
  const succession = createSuccession(() => at)
  return {
    pass: (ms: number) => {
      at += ms
    },
    /** What counts of these answers of one server, by how many followed it. */
    counts: (followers: readonly number[], server = 'a', replicas = 2) =>
      followers.map((many) => succession.observe(server, many, replicas)),
  }
}

describe('what a primary says', () => {
  it('counts as long as nobody leaves it, however many come', () => {
    expect(watched().counts([2, 2, 3, 3, 5])).toEqual([true, true, true, true, true])
  })

  it('does not count from the moment that a replica leaves until the others had time to follow it', () => {
    const { counts, pass } = watched()
    expect(counts([2, 1])).toEqual([true, false])
    pass(handoverMs - 1)
    expect(counts([1])).toEqual([false])
    pass(1)
    expect(counts([1, 1])).toEqual([true, true])
  })

  it('counts for longer still not where another leaves meanwhile', () => {
    const { counts, pass } = watched()
    expect(counts([3, 2], 'a', 3)).toEqual([true, false])
    pass(handoverMs - 1)
    expect(counts([1], 'a', 3)).toEqual([false])
    pass(handoverMs - 1)
    expect(counts([1], 'a', 3)).toEqual([false])
    pass(1)
    expect(counts([1], 'a', 3)).toEqual([true])
  })

  it('counts again at once when who left is back', () => {
    const { counts, pass } = watched()
    expect(counts([2, 0, 1, 2])).toEqual([true, false, false, true])
    // And the next to leave is waited for anew.
    pass(handoverMs)
    expect(counts([1])).toEqual([false])
  })

  it('does not count at first where fewer follow it than there should be: it may have been succeeded before', () => {
    const { counts, pass } = watched()
    expect(counts([1])).toEqual([false])
    pass(handoverMs)
    expect(counts([1, 2])).toEqual([true, true])
    expect(counts([1], 'b')).toEqual([false])
    expect(counts([2], 'b')).toEqual([true])
  })

  it('of one that nobody is to follow counts', () => {
    expect(watched().counts([0, 0], 'a', 0)).toEqual([true, true])
  })
})
