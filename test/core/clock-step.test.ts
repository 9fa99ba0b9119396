import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createSessions, type Sessions } from '../../src/adapters/sessions.ts'
import { clockTrust } from '../../src/core/clock-trust.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { anna, day, device, hour, minute } from './samples.ts'

describe('a clock that is set', () => {
  let sessions: Sessions
  let credentials: string[]

  beforeEach(async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] })
    sessions = await createSessions({ store: memoryStore(), origin: 'http://localhost:8080' })
    credentials = []
    for (let count = 0; count < 20; count++) {
      const begun = await sessions.manager.begin()
      const request = { identity: { ...anna, userId: `${count}` }, remember: true, device, replaces: null }
      const issued = await sessions.manager.signIn({ ...request, begun })
      credentials.push(issued?.credential ?? '')
    }
  })
  afterEach(async () => {
    await sessions.close()
    vi.useRealTimers()
  })

  async function live(): Promise<number> {
    const found = await Promise.all(credentials.map((credential) => sessions.manager.load(credential)))
    return found.filter((one) => one !== null).length
  }

  it('P8: signs nobody out for good, however far ahead it is for hours', async () => {
    await vi.advanceTimersByTimeAsync(10 * minute)
    const right = Date.now()
    vi.setSystemTime(right + 31 * day)
    expect(await live()).toBe(0)
    await vi.advanceTimersByTimeAsync(20 * hour)
    vi.setSystemTime(right + 20 * hour)
    expect(await live()).toBe(20)
    await vi.advanceTimersByTimeAsync(2 * day)
    expect(await live()).toBe(20)
    await vi.advanceTimersByTimeAsync(29 * day)
    expect(await live()).toBe(0)
  })

  it('is believed after a day, so that what is over is removed in the end', async () => {
    vi.setSystemTime(Date.now() + 31 * day)
    await vi.advanceTimersByTimeAsync(day + 2 * minute)
    vi.setSystemTime(Date.now() - 31 * day)
    expect(await live()).toBe(0)
  })
})

describe('clockTrust()', () => {
  let [wall, steady] = [0, 0]
  const pass = (ms: number, step = 0): void => {
    wall += ms + step
    steady += ms
  }
  const trust = () => clockTrust({ wall: () => wall, steady: () => steady })

  it('doubts a clock for as long as it jumped, either way', () => {
    for (const step of [8 * hour, -8 * hour]) {
      const isTrusted = trust()
      pass(minute, step)
      expect(isTrusted()).toBe(false)
      pass(8 * hour - 1)
      expect(isTrusted()).toBe(false)
      pass(1)
      expect(isTrusted()).toBe(true)
    }
  })

  it('doubts none that drifts, or is put right by a few minutes', () => {
    const isTrusted = trust()
    for (let count = 0; count < 100; count++) {
      pass(minute, count % 2 === 0 ? 5 * minute : -5 * minute)
      expect(isTrusted()).toBe(true)
      pass(minute, 200)
      expect(isTrusted()).toBe(true)
    }
  })

  it('doubts it no less when it is put right by a little while it is doubted', () => {
    const isTrusted = trust()
    pass(minute, 31 * day)
    expect(isTrusted()).toBe(false)
    pass(minute, -hour)
    expect(isTrusted()).toBe(false)
    pass(2 * hour)
    expect(isTrusted()).toBe(false)
  })
})
