import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ConfigError } from '../../src/core/errors.ts'
import {
  checkPolicy,
  defaultPolicy,
  isOver,
  type Policy,
  touchDue,
  underProfile,
} from '../../src/core/policy.ts'
import { day, hour, minute, startAt } from './samples.ts'

describe('defaultPolicy', () => {
  it('ASVS 7.1.1: keeps the documented limits, within NIST SP 800-63B-4 AAL1', () => {
    expect(defaultPolicy.session).toEqual({ idle: 12 * hour, absolute: 24 * hour })
    expect(defaultPolicy.remember).toEqual({ idle: 14 * day, absolute: 30 * day })
    expect(defaultPolicy.anonymous).toEqual({ idle: 24 * hour, absolute: 24 * hour })
    expect(underProfile(defaultPolicy, 'aal1')).toEqual(defaultPolicy)
    expect(() => checkPolicy(defaultPolicy)).not.toThrow()
  })
})

describe('underProfile()', () => {
  it('cuts every limit to what the profile allows', () => {
    const aal2 = { idle: hour, absolute: 24 * hour }
    const aal3 = { idle: 15 * minute, absolute: 12 * hour }
    expect(underProfile(defaultPolicy, 'aal2')).toMatchObject({ session: aal2, remember: aal2 })
    expect(underProfile(defaultPolicy, 'aal3')).toMatchObject({ session: aal3, remember: aal3 })
  })

  it('never lengthens a limit, and leaves a sound policy sound', () => {
    const limits = fc
      .tuple(fc.integer({ min: minute, max: 400 * day }), fc.integer({ min: minute, max: 400 * day }))
      .map(([a, b]) => ({ idle: Math.min(a, b), absolute: Math.max(a, b) }))
    fc.assert(
      fc.property(limits, limits, fc.constantFrom('aal1', 'aal2', 'aal3'), (session, remember, profile) => {
        const policy: Policy = { ...defaultPolicy, session, remember }
        const cut = underProfile(policy, profile as 'aal1')
        expect(() => checkPolicy(cut)).not.toThrow()
        for (const name of ['session', 'remember'] as const) {
          expect(cut[name].idle).toBeLessThanOrEqual(policy[name].idle)
          expect(cut[name].absolute).toBeLessThanOrEqual(policy[name].absolute)
        }
      }),
    )
  })
})

describe('checkPolicy()', () => {
  it('ASVS 7.1.1: refuses what is unlimited, and what nobody can mean', () => {
    const bad = [
      { idle: Number.POSITIVE_INFINITY, absolute: Number.POSITIVE_INFINITY },
      { idle: hour, absolute: Number.POSITIVE_INFINITY },
      { idle: Number.NaN, absolute: day },
      { idle: hour, absolute: Number.NaN },
      { idle: 0, absolute: day },
      { idle: -hour, absolute: day },
      { idle: minute - 1, absolute: day },
      { idle: day + 1, absolute: day },
      { idle: day, absolute: 400 * day + 1 },
    ]
    for (const limits of bad) {
      for (const name of ['session', 'remember', 'anonymous'] as const) {
        const policy = { ...defaultPolicy, [name]: limits }
        expect(() => checkPolicy(policy)).toThrow(ConfigError)
        expect(() => checkPolicy(policy)).toThrow(name)
      }
    }
    for (const limits of [
      { idle: minute, absolute: minute },
      { idle: 400 * day, absolute: 400 * day },
    ]) {
      expect(() => checkPolicy({ ...defaultPolicy, session: limits })).not.toThrow()
    }
  })

  it('refuses a rotation so often that tabs would lose the chain', () => {
    for (const rotateAfter of [0, -1, Number.NaN, minute - 1]) {
      expect(() => checkPolicy({ ...defaultPolicy, rotateAfter })).toThrow('rotateAfter')
    }
    expect(() => checkPolicy({ ...defaultPolicy, rotateAfter: Number.POSITIVE_INFINITY })).not.toThrow()
  })
})

describe('isOver()', () => {
  it('ASVS 7.3.1, 7.3.2: is true from the very instant of either deadline on', () => {
    const deadlines = { idleAt: startAt, absoluteAt: startAt + 10 }
    expect(isOver(deadlines, startAt - 1)).toBe(false)
    expect(isOver(deadlines, startAt)).toBe(true)
    expect(isOver({ idleAt: startAt + 20, absoluteAt: startAt + 10 }, startAt + 9)).toBe(false)
    expect(isOver({ idleAt: startAt + 20, absoluteAt: startAt + 10 }, startAt + 10)).toBe(true)
  })

  it('SECURITY: is true for a deadline that is no number', () => {
    for (const none of [Number.NaN, undefined as unknown as number, 'soon' as unknown as number]) {
      expect(isOver({ idleAt: none, absoluteAt: startAt + 1 }, startAt)).toBe(true)
      expect(isOver({ idleAt: startAt + 1, absoluteAt: none }, startAt)).toBe(true)
    }
  })
})

describe('touchDue()', () => {
  const cases = fc.record({
    idle: fc.integer({ min: minute, max: 14 * day }),
    absolute: fc.integer({ min: 0, max: 30 * day }),
    jitter: fc.double({ min: 0, max: 1, noNaN: true }),
    /** Pauses between one activity and the next, in parts of the idle window. */
    pauses: fc.array(fc.double({ min: 0, max: 0.99, noNaN: true }), { maxLength: 60 }),
  })

  it('ends a session never later than the policy allows, and at most 3/20 of the window early', () => {
    fc.assert(
      fc.property(cases, ({ idle, absolute, jitter, pauses }) => {
        const absoluteAt = startAt + idle + absolute
        let now = startAt
        let idleAt = startAt + idle
        for (const pause of pauses) {
          now += Math.floor(pause * idle)
          if (isOver({ idleAt, absoluteAt }, now)) break
          const due = touchDue({ idleAt, absoluteAt }, idle, now, jitter)
          if (due !== null) {
            expect(due).toBeGreaterThan(idleAt)
            idleAt = due
          }
          const allowed = Math.min(now + idle, absoluteAt)
          expect(idleAt).toBeLessThanOrEqual(allowed)
          expect(allowed - idleAt).toBeLessThanOrEqual(allowed === absoluteAt ? 0 : idle * 0.15)
        }
      }),
      { numRuns: 2_000 },
    )
  })

  it('asks for at most ten writes in one idle window, however many requests there are', () => {
    const idle = 12 * hour
    let idleAt = startAt + idle
    let writes = 0
    for (let now = startAt; now < startAt + idle; now += 1_000) {
      const due = touchDue({ idleAt, absoluteAt: startAt + 30 * day }, idle, now, 0)
      if (due === null) continue
      writes++
      idleAt = due
    }
    expect(writes).toBeLessThanOrEqual(10)
    expect(writes).toBeGreaterThan(5)
  })

  it('never moves the deadline back, nor beyond the absolute one, also when the clock is set back', () => {
    const deadlines = { idleAt: startAt + hour, absoluteAt: startAt + day }
    expect(touchDue(deadlines, hour, startAt - day, 0)).toBeNull()
    expect(touchDue(deadlines, hour, startAt + day, 0)).toBe(startAt + day)
    expect(touchDue({ ...deadlines, idleAt: startAt + day }, hour, startAt + day, 0)).toBeNull()
    expect(touchDue({ ...deadlines, idleAt: startAt + day - 1 }, hour, startAt + day, 1)).toBe(startAt + day)
  })

  it('spreads tabs that woke together over another twentieth of the window', () => {
    const deadlines = { idleAt: startAt + 100, absoluteAt: startAt + 10_000 }
    expect(touchDue(deadlines, 100, startAt + 10, 0)).toBe(startAt + 110)
    expect(touchDue(deadlines, 100, startAt + 14, 1)).toBeNull()
    expect(touchDue(deadlines, 100, startAt + 16, 1)).toBe(startAt + 116)
  })
})
