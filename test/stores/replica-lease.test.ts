import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type BeatAnswer,
  createAcknowledgement,
  createReplicaLease,
  createRollCall,
  leaseMs,
  patienceMs,
  type ReplicaRow,
} from '../../src/stores/replica-lease.ts'
import { createWorld, entry, type Step } from './replica-world.ts'

function entriesTo(head: number, from = head + 1): BeatAnswer {
  const entries = Array.from({ length: head - from + 1 }, (_, index) => entry(from + index))
  return { kind: 'entries', head: { seq: head, mark: `${head}` }, entries }
}

function opened() {
  const clock = { at: 1000, step: 0, monotonic: () => clock.at, wall: () => clock.at + clock.step }
  const told: string[] = []
  const lease = createReplicaLease(clock, (change) => told.push('sid' in change ? change.sid : change.kind))
  lease.settle(lease.begin(), { kind: 'lost', head: { seq: 5, mark: '5' } })
  const first = told.splice(0)
  return { clock, told, first, lease }
}

describe('createReplicaLease()', () => {
  it('P1: trusts nothing before the first beat, and tells of a gap at it: what was read before may have ended since', () => {
    const clock = { monotonic: () => 0, wall: () => 0 }
    expect(createReplicaLease(clock, () => {}).isCurrent()).toBe(false)
    const { lease, first } = opened()
    expect(lease.isCurrent()).toBe(true)
    expect(first).toEqual(['gap'])
  })

  it('counts the lease from before the beat was sent, not from its answer', () => {
    const { clock, lease } = opened()
    const beat = lease.begin()
    clock.at += leaseMs - 1
    lease.settle(beat, entriesTo(5))
    expect(lease.isCurrent()).toBe(true)
    clock.at += 1
    expect(lease.isCurrent()).toBe(false)
  })

  it('ends by the calendar too: a machine that slept may not have counted', () => {
    const { clock, lease } = opened()
    clock.step += leaseMs
    expect(lease.isCurrent()).toBe(false)
  })

  it('is extended by no beat that the store could not confirm, nor by an answer that comes late', () => {
    const { clock, lease } = opened()
    const late = lease.begin()
    clock.at += leaseMs
    lease.settle(lease.begin(), entriesTo(5), false)
    expect(lease.isCurrent()).toBe(false)
    lease.settle(lease.begin(), entriesTo(5))
    lease.settle(late, entriesTo(5))
    expect(lease.isCurrent()).toBe(true)
  })

  it('is not current while it knows of an entry that it has not delivered', () => {
    const { told, lease } = opened()
    expect(lease.take(entry(7))).toBe(false)
    expect(lease.isCurrent()).toBe(false)
    lease.settle(lease.begin(), entriesTo(7, 6))
    expect(lease.isCurrent()).toBe(true)
    expect(told).toEqual(['sid 6', 'sid 7'])
  })

  it('is not current while the head it was told of is further than what came with it', () => {
    const { lease } = opened()
    const { head } = entriesTo(8)
    lease.settle(lease.begin(), { kind: 'entries', head, entries: [entry(6)] })
    expect(lease.isCurrent()).toBe(false)
    expect(lease.isBehind()).toBe(true)
    lease.settle(lease.begin(), entriesTo(8, 7))
    expect(lease.isCurrent()).toBe(true)
  })

  it('delivers each entry once, however often and by whatever way it comes', () => {
    const { told, lease } = opened()
    expect(lease.take(entry(6))).toBe(true)
    expect(lease.take(entry(6))).toBe(true)
    lease.settle(lease.begin(), entriesTo(7, 6))
    expect(lease.take(entry(7))).toBe(true)
    expect(told).toEqual(['sid 6', 'sid 7'])
  })

  it('drops everything when its place is not in the feed any more, and goes on from the head', () => {
    const { told, lease } = opened()
    lease.settle(lease.begin(), { kind: 'lost', head: { seq: 2, mark: 'other 2' } })
    expect(told).toEqual(['gap'])
    expect(lease.isCurrent()).toBe(true)
    expect(lease.take(entry(3, 'other '))).toBe(true)
    expect(told).toEqual(['gap', 'sid 3'])
  })

  it('takes an entry of another history with the right number for what it is', () => {
    const { told, lease } = opened()
    expect(lease.take({ ...entry(6), previous: 'another 5' })).toBe(false)
    expect(lease.isCurrent()).toBe(false)
    expect(lease.take({ ...entry(5), mark: 'another 5' })).toBe(false)
    const { head } = entriesTo(6)
    lease.settle(lease.begin(), {
      kind: 'entries',
      head,
      entries: [{ ...entry(6), previous: 'another 5' }],
    })
    expect(told).toEqual(['gap'])
  })

  it('says when another beat would fetch something', () => {
    const { lease } = opened()
    expect(lease.isBehind()).toBe(false)
    lease.take(entry(7))
    expect(lease.isBehind()).toBe(true)
    lease.settle(lease.begin(), entriesTo(7, 6))
    expect(lease.isBehind()).toBe(false)
    expect(lease.begin().position?.seq).toBe(7)
  })

  it('takes what came with a beat at once, and its lease when the store has confirmed the beat', () => {
    const { clock, told, lease } = opened()
    clock.at += leaseMs
    const beat = lease.begin()
    lease.settle(beat, entriesTo(6, 6), false)
    expect(told).toEqual(['sid 6'])
    expect(lease.isCurrent()).toBe(false)
    lease.renew(beat)
    expect(lease.isCurrent()).toBe(true)
    lease.end()
    lease.renew(lease.begin())
    expect(lease.isAlive()).toBe(false)
  })

  it('does not vouch for anything while it tells of a change, nor after it was ended', () => {
    const seen: boolean[] = []
    const clock = { monotonic: () => 0, wall: () => 0 }
    const lease = createReplicaLease(clock, () => seen.push(lease.isCurrent()))
    lease.settle(lease.begin(), { kind: 'lost', head: { seq: 5, mark: '5' } })
    lease.take(entry(6))
    expect(seen).toEqual([false, false])
    const beat = lease.begin()
    lease.end()
    lease.settle(beat, entriesTo(6))
    expect(lease.isCurrent()).toBe(false)
  })
})

describe('createRollCall() and createAcknowledgement()', () => {
  const row = (replica: string, beats: number, confirmed: number): ReplicaRow => ({
    replica,
    beats,
    confirmed,
  })

  it('acknowledges when everyone who had a row at the write has confirmed it', () => {
    const clock = { monotonic: () => 0 }
    const roll = createRollCall(clock)
    const others = [row('a', 1, 5), row('b', 1, 5)]
    const acknowledgement = createAcknowledgement({ seq: 6, others, at: 0 }, roll, clock)
    expect(acknowledgement.isDue(others)).toBe(false)
    expect(acknowledgement.isDue([row('a', 2, 6), row('b', 2, 5)])).toBe(false)
    expect(acknowledgement.isDue([row('a', 2, 6), row('b', 3, 7)])).toBe(true)
    expect(acknowledgement.isDue([row('a', 2, 6), row('c', 1, 0)])).toBe(true)
    expect(createAcknowledgement({ seq: 6, others: [], at: 0 }, roll, clock).isDue([])).toBe(true)
  })

  it('waits no longer than a lease that was taken before the write can last', () => {
    let at = 0
    const clock = { monotonic: () => at }
    const others = [row('a', 1, 5)]
    const acknowledgement = createAcknowledgement({ seq: 6, others, at: 0 }, createRollCall(clock), clock)
    at = leaseMs
    expect(acknowledgement.isDue([row('a', 9, 5)])).toBe(false)
    at = patienceMs
    expect(acknowledgement.isDue([row('a', 9, 5)])).toBe(true)
  })

  it('does not wait for a process that has been silent for longer than a lease', () => {
    let at = 0
    const clock = { monotonic: () => at }
    const roll = createRollCall(clock)
    const [dead, alive] = [row('dead', 7, 5), (beats: number) => row('alive', beats, 5)]
    expect(roll.observe([dead, alive(1)])).toEqual([])
    at = patienceMs
    expect(roll.observe([dead, alive(2)])).toEqual([dead])
    const others = [dead, alive(2)]
    const acknowledgement = createAcknowledgement({ seq: 6, others, at }, roll, clock)
    expect(acknowledgement.isDue(others)).toBe(false)
    expect(acknowledgement.isDue([dead, row('alive', 3, 6)])).toBe(true)
    expect(acknowledgement.isDue([row('dead', 8, 5), row('alive', 3, 6)])).toBe(false)
  })
})

describe('the protocol', () => {
  const who = fc.nat({ max: 2 })
  const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.nat({ max: 400 }) }) },
    {
      weight: 20,
      arbitrary: fc.record({
        kind: fc.constantFrom('send', 'execute', 'answer', 'beat', 'push', 'write'),
        who,
      }),
    },
  )

  it('lets no process vouch for its memory when it misses a change that anyone acknowledged', async () => {
    let acknowledged = 0
    let vouched = 0
    const property = fc.asyncProperty(fc.array(step, { minLength: 30, maxLength: 120 }), async (steps) => {
      const world = createWorld()
      for (const step of steps) {
        world.take(step)
        const { missing, vouching } = world.check()
        expect(missing).toEqual([])
        vouched += vouching
      }
      acknowledged += world.acknowledged
    })
    await fc.assert(property, { numRuns: 1000 })
    // A property that never had anything to hold against anything would prove nothing.
    expect(acknowledged).toBeGreaterThan(1000)
    expect(vouched).toBeGreaterThan(1000)
  })
})
