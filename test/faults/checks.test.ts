import { describe, expect, it } from 'vitest'
import { checkBounded } from '../../faults/checks/bounded.ts'
import { checkFailsClosed } from '../../faults/checks/fails-closed.ts'
import { checkHeals } from '../../faults/checks/heals.ts'
import { checkNoMixUp } from '../../faults/checks/no-mix-up.ts'
import { checkNothingLost } from '../../faults/checks/nothing-lost.ts'
import { checkNothingResurrects } from '../../faults/checks/nothing-resurrects.ts'
import { checkOnceOnly } from '../../faults/checks/once-only.ts'
import { checkOutIsOut } from '../../faults/checks/out-is-out.ts'
import { checkReadYourWrites } from '../../faults/checks/read-your-writes.ts'
import { fault, historyOf, signIn, signOut, socket, stall, use } from './histories.ts'

describe('out is out (P1)', () => {
  const bounds = { usual: 2_000, worst: 31_000 }
  const check = (...given: Parameters<typeof historyOf>) => checkOutIsOut(historyOf(...given), bounds)

  it('is kept where everyone is refused after the acknowledgement', () => {
    expect(check([signIn, use, signOut, { ...use, outcome: 'refused' }])).toEqual([])
  })

  it('is broken by one request that is let in after the acknowledgement', () => {
    expect(check([signIn, signOut, use])).toMatchObject([{ promise: 'P1', operations: [{}, { number: 2 }] }])
  })

  it('says nothing of a request that began before the acknowledgement, nor of one that was not acknowledged', () => {
    expect(check([signIn, { ...signOut, ended: 5_000 }, use])).toEqual([])
    expect(check([signIn, { ...signOut, outcome: 'unknown' }, use])).toEqual([])
    expect(check([signIn, { ...signOut, outcome: 'unavailable' }, use])).toEqual([])
  })

  it('counts the revocation of a user for sessions made before it, and only those', () => {
    const revoke = { act: 'revoke-user', session: null } as const
    expect(check([signIn, revoke, use])).toHaveLength(1)
    expect(check([revoke, signIn, use])).toEqual([])
    expect(check([signIn, { ...revoke, user: 'ben' }, use])).toEqual([])
    expect(check([{ ...signIn, ended: 1_005 }, revoke, use])).toEqual([])
  })

  it('counts a sign-in as the end of the session whose cookie it carried', () => {
    expect(check([signIn, { act: 'sign-in', session: 's2', replaces: 's1' }, use])).toHaveLength(1)
  })

  it('is broken by a socket that stays, sooner where no fault excuses it', () => {
    const lines = [signIn, signOut]
    expect(check(lines, { sockets: [socket(500, 1_100)] })).toEqual([])
    expect(check(lines, { sockets: [socket(500, 4_000)] })).toHaveLength(1)
    expect(check(lines, { sockets: [socket(500, null)], end: 60_000 })).toHaveLength(1)
    const faults = [fault(900, 1_500)]
    expect(check(lines, { sockets: [socket(500, 20_000)], faults })).toEqual([])
    expect(check(lines, { sockets: [socket(500, 40_000)], faults })).toHaveLength(1)
  })
})

describe('everybody is revoked (W4)', () => {
  const revokeAll = { act: 'revoke-all', session: null, user: null } as const
  const check = (...given: Parameters<typeof historyOf>) =>
    checkOutIsOut(historyOf(...given), { usual: 2_000, worst: 31_000 })

  it('ends whatever was made before it, nobody’s too, and nothing that began afterwards', () => {
    expect(check([signIn, revokeAll, use])).toMatchObject([{ promise: 'P1' }])
    expect(check([{ act: 'begin', user: null }, revokeAll, { ...use, user: null }])).toHaveLength(1)
    expect(check([revokeAll, signIn, use])).toEqual([])
    expect(check([{ ...signIn, ended: 1_005 }, revokeAll, use])).toEqual([])
    const refused = { ...use, outcome: 'refused' } as const
    expect(checkFailsClosed(historyOf([revokeAll, signIn, refused]))).toMatchObject([{ promise: 'P5' }])
    expect(checkFailsClosed(historyOf([{ ...signIn, ended: 1_005 }, revokeAll, refused]))).toEqual([])
  })

  it('refuses the right password only to who signs in at that moment', () => {
    const turnedAway = { ...signIn, outcome: 'refused' } as const
    expect(checkFailsClosed(historyOf([turnedAway]))).toMatchObject([{ promise: 'P5' }])
    expect(checkFailsClosed(historyOf([revokeAll, turnedAway]))).toHaveLength(1)
    expect(checkFailsClosed(historyOf([revokeAll, { ...turnedAway, began: 5 }]))).toEqual([])
  })
})

describe('what is good for one use (W6)', () => {
  it('is taken once, however often and wherever it is shown', () => {
    const take = { act: 'once', session: null, key: 'ticket 1' } as const
    const not = { ...take, outcome: 'refused' } as const
    expect(checkOnceOnly(historyOf([take, not, { ...take, key: 'ticket 2' }, not]))).toEqual([])
    expect(checkOnceOnly(historyOf([not, { ...take, outcome: 'unknown' }, take]))).toEqual([])
    expect(checkOnceOnly(historyOf([take, not, take]))).toMatchObject([
      { promise: 'P2', operations: [{ number: 0 }, { number: 2 }] },
    ])
  })
})

describe('nothing resurrects (P2)', () => {
  it('is broken by whoever is let in after a refusal, acknowledged or not', () => {
    const refused = { ...use, outcome: 'refused' } as const
    expect(
      checkNothingResurrects(historyOf([signIn, { ...signOut, outcome: 'unknown' }, use, refused])),
    ).toEqual([])
    expect(checkNothingResurrects(historyOf([signIn, signOut, refused, refused]))).toEqual([])
    expect(checkNothingResurrects(historyOf([signIn, refused, use]))).toMatchObject([{ promise: 'P2' }])
    expect(checkNothingResurrects(historyOf([{ act: 'begin' }, refused, { act: 'begin' }]))).toHaveLength(1)
  })

  it('allows for a lease after the refusal, in which another replica may go by its memory', () => {
    const refused = { ...use, outcome: 'refused', began: 1_000, ended: 1_010 } as const
    const at = (began: number) => historyOf([signIn, refused, { ...use, began, ended: began + 10 }])
    expect(checkNothingResurrects(at(1_810), 800)).toEqual([])
    expect(checkNothingResurrects(at(1_811), 800)).toHaveLength(1)
    expect(checkNothingResurrects(at(1_011))).toHaveLength(1)
  })

  it('counts no refusal by what a fail-over may have undone, unless it was acknowledged', () => {
    const refused = { ...use, outcome: 'refused' } as const
    const faults = [fault(1_500, 2_500, { kind: 'fail over' })]
    const unconfirmed = { ...signOut, outcome: 'unavailable' } as const
    expect(checkNothingResurrects(historyOf([signIn, unconfirmed, refused, use], { faults }))).toEqual([])
    expect(checkNothingResurrects(historyOf([signIn, refused, unconfirmed, use], { faults }))).toHaveLength(1)
    expect(
      checkOutIsOut(historyOf([signIn, signOut, refused, use], { faults }), { usual: 0, worst: 0 }),
    ).toHaveLength(1)
  })

  it('takes no failure of the store and no refused password for a refusal', () => {
    const away = { ...use, outcome: 'unavailable' } as const
    const wrong = { ...signIn, outcome: 'refused' } as const
    expect(checkNothingResurrects(historyOf([wrong, signIn, away, use]))).toEqual([])
  })
})

describe('no mix-up (P3)', () => {
  const told = { user: 'ada', sid: 'A' }

  it('is kept where every answer names who asked', () => {
    expect(checkNoMixUp(historyOf([signIn, { ...use, told }, { ...use, told }]))).toEqual([])
  })

  it.each([
    ['another user', { ...use, told: { ...told, user: 'ben' } }],
    ['nobody', { ...use, told: { ...told, user: null } }],
    ['another session of the same user', { ...use, told: { ...told, sid: 'B' } }],
    ['the session of another browser', { ...use, session: 's2', told }],
    ['state of another session', { act: 'read', told: { ...told, entries: { t1k1: 's2/t1k1' } } } as const],
  ])('is broken by an answer for %s', (_what, line) => {
    expect(checkNoMixUp(historyOf([signIn, { ...use, told }, line]))).toMatchObject([{ promise: 'P3' }])
  })

  it('lets state of an anonymous session come along at sign-in, and no one else’s', () => {
    const followed = { act: 'sign-in', session: 's2', replaces: 's1' } as const
    const read = { act: 'read', session: 's2', told: { user: 'ada', entries: { t1k1: 's1/t1k1' } } } as const
    expect(checkNoMixUp(historyOf([{ act: 'begin', user: null }, followed, read]))).toEqual([])
    expect(checkNoMixUp(historyOf([signIn, followed, read]))).toHaveLength(1)
  })
})

describe('nothing is lost (P4)', () => {
  const write = { act: 'write', key: 't1k1', value: 's1/t1k1' } as const
  const read = (entries: Record<string, string>) => ({ act: 'read', told: { entries } }) as const

  it('is broken by a write that was acknowledged and is not there, or is another', () => {
    expect(checkNothingLost(historyOf([signIn, write, read({ t1k1: 's1/t1k1' })]))).toEqual([])
    expect(checkNothingLost(historyOf([signIn, write, read({})]))).toMatchObject([{ promise: 'P4' }])
    expect(checkNothingLost(historyOf([signIn, write, read({ t1k1: 'other' })]))).toHaveLength(1)
  })

  it('says nothing of writes that were not acknowledged, came later, or belong to a session that is ending', () => {
    expect(checkNothingLost(historyOf([signIn, { ...write, outcome: 'unknown' }, read({})]))).toEqual([])
    expect(checkNothingLost(historyOf([signIn, { ...write, ended: 9_000 }, read({})]))).toEqual([])
    expect(checkNothingLost(historyOf([signIn, write, signOut, read({})]))).toEqual([])
  })

  it('is broken by two increments that were acknowledged as the same number', () => {
    const count = (value: string) => ({ act: 'count', told: { value } }) as const
    expect(checkNothingLost(historyOf([signIn, count('1'), count('2')]))).toEqual([])
    expect(checkNothingLost(historyOf([signIn, count('1'), count('1')]))).toMatchObject([{ promise: 'P4' }])
  })
})

describe('a broken store signs nobody out and lets nobody in (P5)', () => {
  it('is broken by a refusal that nobody asked for', () => {
    const refused = { ...use, outcome: 'refused' } as const
    expect(checkFailsClosed(historyOf([signIn, refused]))).toMatchObject([{ promise: 'P5' }])
    expect(checkFailsClosed(historyOf([signIn, signOut, refused]))).toEqual([])
    expect(checkFailsClosed(historyOf([signIn, { ...signOut, outcome: 'unknown' }, refused]))).toEqual([])
    expect(checkFailsClosed(historyOf([signIn, { ...use, outcome: 'unavailable' }]))).toEqual([])
  })

  it('is broken by a revocation that ends what was made after it', () => {
    const revoke = { act: 'revoke-user', session: null } as const
    expect(checkFailsClosed(historyOf([revoke, signIn, { ...use, outcome: 'refused' }]))).toHaveLength(1)
  })

  it('is broken by a 503 that touches the cookie, and by a forged cookie that opens', () => {
    expect(checkFailsClosed(historyOf([{ ...use, outcome: 'unavailable', setsCookie: true }]))).toHaveLength(
      1,
    )
    expect(checkFailsClosed(historyOf([{ act: 'forged', session: null, outcome: 'refused' }]))).toEqual([])
    expect(checkFailsClosed(historyOf([{ act: 'forged', session: null }]))).toHaveLength(1)
  })
})

describe('every answer comes in time (P6)', () => {
  const slow = { ...use, began: 1_000, ended: 3_000 }

  it('is broken by an answer that takes more than a second for each call of the store, and half a one', () => {
    expect(checkBounded(historyOf([signIn, use]))).toEqual([])
    expect(checkBounded(historyOf([slow]))).toMatchObject([{ promise: 'P6' }])
    expect(checkBounded(historyOf([{ ...slow, act: 'write' }]))).toEqual([])
    expect(checkBounded(historyOf([{ ...slow, act: 'write', ended: 4_000 }]))).toHaveLength(1)
  })

  it('takes off only what the machine itself stood still, and what hid the replica from its clients', () => {
    expect(checkBounded(historyOf([slow], { stalls: [stall(1_500, 2_200)] }))).toEqual([])
    expect(checkBounded(historyOf([slow], { stalls: [stall(1_500, 1_700)] }))).toHaveLength(1)
    // A store that stands still is what the bound is for.
    expect(checkBounded(historyOf([slow], { stalls: [stall(1_500, 2_200, 'store')] }))).toHaveLength(1)
    const paused = fault(1_500, 2_000, { hidesReplica: true, replica: 0 })
    expect(checkBounded(historyOf([slow], { faults: [paused] }))).toEqual([])
    expect(checkBounded(historyOf([slow], { faults: [{ ...paused, replica: 1 }] }))).toHaveLength(1)
    expect(checkBounded(historyOf([slow], { faults: [fault(1_500, 2_000)] }))).toHaveLength(1)
  })
})

describe('it heals (P7)', () => {
  it('is broken by a failure long after the last fault', () => {
    const away = { ...use, outcome: 'unavailable', began: 15_000, ended: 15_010 } as const
    expect(checkHeals(historyOf([away], { faults: [fault(1_000, 6_000)] }))).toEqual([])
    expect(checkHeals(historyOf([away], { faults: [fault(1_000, 4_000)] }))).toMatchObject([
      { promise: 'P7' },
    ])
    expect(checkHeals(historyOf([{ ...away, outcome: 'unknown' }], { faults: [] }))).toHaveLength(1)
    expect(checkHeals(historyOf([use], { faults: [] }))).toEqual([])
    for (const of of ['suite', 'store'] as const) {
      expect(checkHeals(historyOf([away], { stalls: [stall(14_700, 15_300, of)] }))).toEqual([])
      expect(checkHeals(historyOf([away], { stalls: [stall(14_800, 15_200, of)] }))).toHaveLength(1)
    }
  })
})

describe('one reads what one wrote (P9)', () => {
  const write = (version: number) => ({ act: 'write', key: 'a', value: 'x', told: { version } }) as const
  const read = (version: number) => ({ act: 'read', key: 'a', told: { version } }) as const

  it('is broken by a version older than one that was known', () => {
    expect(checkReadYourWrites(historyOf([signIn, write(1), read(1), write(2), read(3)]))).toEqual([])
    expect(checkReadYourWrites(historyOf([signIn, write(2), read(1)]))).toMatchObject([{ promise: 'P9' }])
    expect(checkReadYourWrites(historyOf([signIn, read(2), read(1)]))).toHaveLength(1)
    expect(checkReadYourWrites(historyOf([signIn, write(1), read(0)]))).toHaveLength(1)
  })

  it('allows for a lease after a read, of what may not be acknowledged yet, and for none after a write', () => {
    const soon = (first: object, began: number) =>
      historyOf([signIn, { ...read(2), ...first }, { ...read(1), began, ended: began + 10 }])
    expect(checkReadYourWrites(soon({}, 1_810), 800)).toEqual([])
    expect(checkReadYourWrites(soon({}, 1_811), 800)).toHaveLength(1)
    expect(checkReadYourWrites(soon(write(2), 1_011), 800)).toHaveLength(1)
  })

  it('counts what was read during a fail-over for nothing, but what was acknowledged', () => {
    const faults = [fault(500, 1_500, { kind: 'fail over' })]
    expect(checkReadYourWrites(historyOf([signIn, read(1), read(0)], { faults }))).toEqual([])
    expect(checkReadYourWrites(historyOf([signIn, write(1), read(0)], { faults }))).toHaveLength(1)
  })

  it('says nothing while the write is under way, and of a session that is ending', () => {
    expect(checkReadYourWrites(historyOf([signIn, { ...write(2), ended: 9_000 }, read(1)]))).toEqual([])
    expect(checkReadYourWrites(historyOf([signIn, write(2), signOut, read(0)]))).toEqual([])
  })
})
