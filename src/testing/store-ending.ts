import type { SessionStore, StoredSession } from '../core/contracts.ts'
import { atOnce, type OpenStore, tally, withStore, withTwo } from './opened-store.ts'
import { bytes, created, day, newSid, record, rotated, successorOf } from './records.ts'
import type { TestRunner } from './test-runner.ts'

/** Every way a session could come back to life. */
async function attemptRevival(store: SessionStore, session: StoredSession): Promise<readonly unknown[]> {
  const owner = { sid: session.sid, name: 'session' }
  return [
    await store.update(session.id, session.version, bytes('late')),
    await store.touch(session.id, session.absoluteAt),
    await store.rotate(session.id, session.version, successorOf(session), bytes('t')),
    await store.present(session.id),
    await store.create(session),
    (await store.writeState(owner, [{ key: 'k', value: bytes('late') }])).outcome,
  ]
}

export function describeEnding({ describe, expect, it }: TestRunner, open: OpenStore): void {
  describe('end', () => {
    it(
      'ends the session with all its ids and its state, and nothing else',
      withStore(open, async (store) => {
        const other = await created(store)
        const first = await created(store)
        const second = await rotated(store, first)
        const third = await rotated(store, second)
        const mine = { sid: first.sid, name: 'session' }
        const theirs = { sid: other.sid, name: 'session' }
        await store.writeState(mine, [{ key: 'k', value: bytes('mine') }])
        await store.writeState({ ...mine, name: 'tab' }, [{ key: 'k', value: bytes('mine') }])
        await store.writeState(theirs, [{ key: 'k', value: bytes('theirs') }])
        expect(await store.end(first.sid)).toBe(true)
        for (const { id } of [first, second, third]) expect(await store.read(id)).toBeNull()
        expect(await store.readState(mine)).toEqual(new Map())
        expect(await store.readState({ ...mine, name: 'tab' })).toEqual(new Map())
        expect((await store.read(other.id))?.state).toBe('live')
        expect((await store.readState(theirs)).size).toBe(1)
      }),
    )

    it(
      'is false when there was no live session: unknown, or ended before',
      withStore(open, async (store) => {
        const session = await created(store)
        expect(await store.end(newSid())).toBe(false)
        expect(await store.end(session.id)).toBe(false)
        expect(await store.end(session.sid)).toBe(true)
        expect(await store.end(session.sid)).toBe(false)
      }),
    )

    it(
      'answers true to one of fifty',
      withStore(open, async (store) => {
        const session = await created(store)
        expect(tally(await atOnce(50, () => store.end(session.sid))).get(true)).toBe(1)
      }),
    )

    it(
      'is final: no late update, touch, rotation, record or state brings the session back',
      withStore(open, async (store) => {
        const session = await created(store)
        await store.end(session.sid)
        expect(await attemptRevival(store, session)).toEqual([false, false, false, false, 'ended', 'gone'])
        expect(await store.read(session.id)).toBeNull()
        expect(await store.listByUser(String(session.user))).toEqual([])
      }),
    )

    it(
      'stays final until the absolute deadline, whatever is swept',
      withStore(open, async (store, { advance }) => {
        const first = await created(store)
        const second = await rotated(store, first)
        await store.end(first.sid)
        advance(day - 1)
        await store.sweep(1000)
        expect(await store.create(first)).toBe('ended')
        expect(await store.create(second)).toBe('ended')
        expect(await store.create(record({ sid: first.sid }))).toBe('ended')
      }),
    )

    it(
      'wins over everything in flight on any replica',
      withTwo(open, async (one, two) => {
        for (let round = 0; round < 8; round++) {
          const session = await created(one)
          const next = successorOf(session)
          const owner = { sid: session.sid, name: 'session' }
          const [, , , , ended] = await Promise.all([
            two.update(session.id, 1, bytes('in flight')),
            one.touch(session.id, session.absoluteAt),
            two.rotate(session.id, 1, next, bytes('t')),
            one.writeState(owner, [{ key: 'k', value: bytes('in flight') }]),
            round % 2 === 0 ? one.end(session.sid) : two.end(session.sid),
            two.touch(next.id, session.absoluteAt),
            one.update(next.id, 2, bytes('in flight')),
            two.present(next.id),
            one.create(session),
            two.writeState(owner, [{ key: 'k', value: bytes('in flight') }]),
          ])
          expect(ended).toBe(true)
          for (const store of [one, two]) {
            expect(await store.read(session.id)).toBeNull()
            expect(await store.read(next.id)).toBeNull()
            expect(await store.readState(owner)).toEqual(new Map())
            expect(await store.listByUser(String(session.user))).toEqual([])
          }
        }
      }),
    )

    it(
      'is seen by every read that starts after it was acknowledged, on every replica',
      withTwo(open, async (one, two) => {
        for (let round = 0; round < 20; round++) {
          const session = await created(one)
          expect((await two.read(session.id))?.state).toBe('live')
          await one.end(session.sid)
          expect(await two.read(session.id)).toBeNull()
        }
      }),
    )
  })
}
