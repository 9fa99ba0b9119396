import type { SessionStore } from '../core/contracts.ts'
import { all, atOnce, type OpenStore, withStore } from './opened-store.ts'
import { bytes, created, day, hour, record, rotated } from './records.ts'
import type { TestRunner } from './test-runner.ts'

/** Sweeps until nothing is left to remove; how many rows each sweep removed. */
async function sweepAll(store: SessionStore, limit: number): Promise<number[]> {
  const removed: number[] = []
  for (;;) {
    const count = await store.sweep(limit)
    if (count === 0) return removed
    removed.push(count)
  }
}

export function describeSweep({ describe, expect, it }: TestRunner, open: OpenStore): void {
  describe('sweep', () => {
    it(
      'removes at most as many rows as it was told, until none is left',
      withStore(open, async (store, { advance }) => {
        await atOnce(25, () => created(store))
        const first = await created(store)
        await rotated(store, first)
        const scope = { sid: first.sid, name: 'session' }
        await store.writeState(
          scope,
          Array.from({ length: 20 }, (_, index) => ({ key: `${index}`, value: bytes('v') })),
        )
        await atOnce(5, async (index) => [
          await store.once(`o${index}`, 10),
          await store.hit(`h${index}`, 10),
        ])
        advance(day)
        const removed = await sweepAll(store, 7)
        expect(Math.max(...removed)).toBeLessThanOrEqual(7)
        // 27 sessions and tombstones, 20 pieces of state, 10 counters.
        expect(removed.reduce((sum, count) => sum + count, 0)).toBe(57)
        expect(await all(store.scan())).toEqual([])
        expect(await store.readState(scope)).toEqual(new Map())
      }),
    )

    it(
      'leaves everything whose time has not come',
      withStore(open, async (store, { advance }) => {
        const session = await created(store)
        const ended = await created(store)
        await store.end(ended.sid)
        await store.writeState({ sid: session.sid, name: 's' }, [{ key: 'k', value: bytes('v') }])
        await store.writeState({ sid: null, name: 's' }, [{ key: 'k', value: bytes('v') }])
        await store.once('o', 2 * day)
        await store.hit('h', 2 * day)
        await store.writeKeyring(null, bytes('box'))
        advance(day - 1)
        expect(await store.sweep(1000)).toBe(0)
        expect((await store.read(session.id))?.state).toBe('live')
        expect((await store.readState({ sid: session.sid, name: 's' })).size).toBe(1)
        advance(1)
        expect(await sweepAll(store, 1000)).toEqual([3])
        expect((await store.readState({ sid: null, name: 's' })).size).toBe(1)
        expect(await store.once('o', hour)).toBe(false)
        expect(await store.hit('h', hour)).toBe(2)
        expect(await store.readKeyring()).not.toBeNull()
      }),
    )

    it(
      'forgets ids after their absolute deadline: tombstones do not pile up',
      withStore(open, async (store, { advance }) => {
        const session = await created(store)
        const next = await rotated(store, session)
        await store.end(session.sid)
        advance(day)
        expect(await sweepAll(store, 1000)).toEqual([2])
        expect(await store.read(session.id)).toBeNull()
        expect(await store.create(record({ ...next, absoluteAt: next.absoluteAt + day }))).toBe('created')
      }),
    )

    it(
      'removes each row once when several sweep together',
      withStore(open, async (store, { advance }) => {
        await atOnce(40, () => created(store))
        advance(day)
        const removed = await atOnce(8, () => store.sweep(10))
        expect(removed.reduce((sum, count) => sum + count, 0)).toBe(40)
      }),
    )
  })
}
