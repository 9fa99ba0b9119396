import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createSessions } from '../../src/adapters/sessions.ts'
import { StoreError } from '../../src/core/errors.ts'
import { sweeping } from '../../src/core/sweeping.ts'
import { memoryStore } from '../../src/stores/memory.ts'

const minute = 60_000

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

/** A store with so many counters that are over, and what each sweep of it removed. */
async function filled(rows: number, took = 0) {
  let at = 0
  const store = memoryStore({ now: () => at })
  for (let row = 0; row < rows; row++) await store.hit(`${row}`, 1)
  at = minute
  const sweeps: number[] = []
  const watched: typeof store = {
    ...store,
    async sweep(limit) {
      vi.advanceTimersByTime(took)
      const removed = await store.sweep(limit)
      sweeps.push(removed)
      return removed
    },
  }
  return { store: watched, sweeps }
}

describe('sweeping', () => {
  it('goes on while there is much to remove, and then waits a minute', async () => {
    const { store, sweeps } = await filled(5_050)
    const stop = sweeping(store)
    await vi.advanceTimersByTimeAsync(minute - 1)
    expect(sweeps).toEqual([])
    await vi.advanceTimersByTimeAsync(1_000)
    expect(sweeps).toEqual([1_000, 1_000, 1_000, 1_000, 1_000, 50])
    await vi.advanceTimersByTimeAsync(minute)
    expect(sweeps).toHaveLength(7)
    stop()
  })

  it('leaves a slow store four fifths of its time for others', async () => {
    const { store, sweeps } = await filled(10_000, 100)
    const stop = sweeping(store)
    await vi.advanceTimersByTimeAsync(minute)
    expect(sweeps).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(399)
    expect(sweeps).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(1)
    expect(sweeps).toHaveLength(2)
    stop()
  })

  it('goes on a minute after the store could not do it', async () => {
    const sweep = vi.fn(() => Promise.reject(new StoreError('ERR_STORE_UNAVAILABLE', 'It is away.')))
    const stop = sweeping({ sweep })
    await vi.advanceTimersByTimeAsync(3 * minute)
    expect(sweep).toHaveBeenCalledTimes(3)
    stop()
  })

  it('ends when it is told to, also while it works', async () => {
    const stop = vi.fn()
    const sweep = vi.fn(async () => {
      stop()
      return 1_000
    })
    stop.mockImplementation(sweeping({ sweep }))
    await vi.advanceTimersByTimeAsync(10 * minute)
    expect(sweep).toHaveBeenCalledTimes(1)
  })

  it('is what the library does with its store', async () => {
    const { store, sweeps } = await filled(5_000)
    const sessions = await createSessions({ store, origin: 'http://localhost:8080' })
    await vi.advanceTimersByTimeAsync(minute + 1_000)
    expect(sweeps.slice(0, 5)).toEqual([1_000, 1_000, 1_000, 1_000, 1_000])
    await sessions.close()
    await vi.advanceTimersByTimeAsync(10 * minute)
    expect(sweeps).toHaveLength(6)
  })
})
