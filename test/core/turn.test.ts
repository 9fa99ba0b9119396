import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { oncePerTurn } from '../../src/core/turn.ts'

describe('oncePerTurn', () => {
  it('asks once for all that one turn brings, and again in the next', async () => {
    let asked = 0
    const isCurrent = oncePerTurn(() => ++asked > 0)
    expect([isCurrent(), isCurrent(), isCurrent()]).toEqual([true, true, true])
    expect(asked).toBe(1)
    await turn()
    expect(isCurrent()).toBe(true)
    expect(asked).toBe(2)
  })

  it('takes no for an answer once only', () => {
    const answers = [false, false, true]
    const isCurrent = oncePerTurn(() => answers.shift() ?? false)
    expect([isCurrent(), isCurrent(), isCurrent()]).toEqual([false, false, true])
  })
})
