import { atOnce, type OpenStore, tally, withStore } from './opened-store.ts'
import {
  bytes,
  created,
  day,
  liveOf,
  newId,
  newSid,
  record,
  rotated,
  startAt,
  successorOf,
} from './records.ts'
import type { TestRunner } from './test-runner.ts'

export function describeRotation({ describe, expect, it }: TestRunner, open: OpenStore): void {
  describe('rotate', () => {
    it(
      'starts the successor and leaves at the old id where it leads',
      withStore(open, async (store) => {
        const session = await created(store)
        const next = successorOf(session, { sealed: bytes('next'), idleAt: session.idleAt + 5 })
        expect(await store.rotate(session.id, 1, next, bytes('sealed token'))).toBe(true)
        const found = await store.read(session.id)
        if (found?.state !== 'rotated') throw new Error('The old id should lead to its successor.')
        expect(found.next.id).toBe(next.id)
        expect(Buffer.from(found.next.sealedToken).toString()).toBe('sealed token')
        expect(found.next.presentedAt).toBeNull()
        const live = await liveOf(store, next.id)
        expect({ ...live, sealed: null, key: null }).toEqual({ ...next, sealed: null, key: null })
        expect(Buffer.from(live.sealed).toString()).toBe('next')
        expect(Buffer.compare(live.key, next.key)).toBe(0)
      }),
    )

    it(
      'refuses an id that is unknown, ended, already rotated, or at another version',
      withStore(open, async (store) => {
        const session = await created(store)
        const refused = successorOf(session)
        expect(await store.rotate(newId(), 1, refused, bytes('t'))).toBe(false)
        expect(await store.rotate(session.id, 2, { ...refused, version: 3 }, bytes('t'))).toBe(false)
        const next = await rotated(store, session)
        expect(await store.rotate(session.id, 1, refused, bytes('t'))).toBe(false)
        await store.end(session.sid)
        expect(await store.rotate(next.id, 2, { ...refused, version: 3 }, bytes('t'))).toBe(false)
        expect(await store.read(refused.id)).toBeNull()
        expect(await store.listByUser(String(session.user))).toEqual([])
      }),
    )

    it(
      'refuses a successor of another session, user, age, deadline or version, and writes nothing',
      withStore(open, async (store) => {
        const session = await created(store)
        const strangers = [
          successorOf(session, { sid: newSid() }),
          successorOf(session, { user: newSid() }),
          successorOf(session, { user: null }),
          successorOf(session, { createdAt: startAt + 1 }),
          successorOf(session, { absoluteAt: session.absoluteAt + day }),
          successorOf(session, { version: 1 }),
          successorOf(session, { version: 3 }),
        ]
        for (const next of strangers) {
          expect(await store.rotate(session.id, 1, next, bytes('t'))).toBe(false)
          expect(await store.read(next.id)).toBeNull()
        }
        expect((await liveOf(store, session.id)).version).toBe(1)
      }),
    )

    it(
      'refuses an id that was used before, also its own and that of an ended session',
      withStore(open, async (store) => {
        const session = await created(store)
        const other = await created(store)
        const ended = await created(store)
        await store.end(ended.sid)
        for (const { id } of [session, other, ended]) {
          expect(await store.rotate(session.id, 1, successorOf(session, { id }), bytes('t'))).toBe(false)
        }
        expect((await liveOf(store, session.id)).version).toBe(1)
        expect((await liveOf(store, other.id)).sid).toBe(other.sid)
      }),
    )

    it(
      'lets one of fifty rotations of the same token win, and no other successor exist',
      withStore(open, async (store) => {
        const session = await created(store)
        const nexts = Array.from({ length: 50 }, () => successorOf(session))
        const answers = await Promise.all(
          nexts.map((next) => store.rotate(session.id, 1, next, bytes(next.id))),
        )
        expect(tally(answers).get(true)).toBe(1)
        const winner = nexts[answers.indexOf(true)]
        const found = await store.read(session.id)
        expect(found).toMatchObject({ state: 'rotated', next: { id: winner?.id } })
        for (const next of nexts) {
          if (next !== winner) expect(await store.read(next.id)).toBeNull()
        }
        expect(await store.listByUser(String(session.user))).toHaveLength(1)
      }),
    )

    it(
      'lets either an update or a rotation of one version win, never both',
      withStore(open, async (store) => {
        for (let round = 0; round < 10; round++) {
          const session = await created(store)
          const next = successorOf(session)
          const [updated, moved] = await Promise.all([
            store.update(session.id, 1, bytes('updated')),
            store.rotate(session.id, 1, next, bytes('t')),
          ])
          expect([updated, moved].filter(Boolean)).toHaveLength(1)
          expect((await store.read(session.id))?.state).toBe(updated ? 'live' : 'rotated')
        }
      }),
    )

    it(
      'does nothing to a rotated id: no update, no touch, no new record',
      withStore(open, async (store) => {
        const session = await created(store)
        const next = await rotated(store, session)
        expect(await store.update(session.id, 1, bytes('late'))).toBe(false)
        expect(await store.update(session.id, 2, bytes('late'))).toBe(false)
        expect(await store.touch(session.id, session.idleAt + 1)).toBe(false)
        expect(await store.create(record({ id: session.id }))).toBe('ended')
        expect((await store.read(session.id))?.state).toBe('rotated')
        expect((await liveOf(store, next.id)).idleAt).toBe(next.idleAt)
      }),
    )

    it(
      'leads through a chain of rotations one step at a time',
      withStore(open, async (store) => {
        const first = await created(store)
        const second = await rotated(store, first)
        const third = await rotated(store, second)
        expect(await store.read(first.id)).toMatchObject({ state: 'rotated', next: { id: second.id } })
        expect(await store.read(second.id)).toMatchObject({ state: 'rotated', next: { id: third.id } })
        expect((await liveOf(store, third.id)).version).toBe(3)
      }),
    )

    it(
      'leads to the successor until the absolute deadline, whatever is swept',
      withStore(open, async (store, { advance }) => {
        const session = await created(store)
        const next = await rotated(store, session)
        advance(day - 1)
        expect(await store.sweep(1000)).toBe(0)
        expect(await store.read(session.id)).toMatchObject({ state: 'rotated', next: { id: next.id } })
      }),
    )

    it(
      'shares no bytes of the sealed token with its callers',
      withStore(open, async (store) => {
        const session = await created(store)
        const sealed = bytes('sealed token')
        await store.rotate(session.id, 1, successorOf(session), sealed)
        sealed.fill(0)
        for (let round = 0; round < 2; round++) {
          const found = await store.read(session.id)
          if (found?.state !== 'rotated') throw new Error('The old id should lead to its successor.')
          expect(Buffer.from(found.next.sealedToken).toString()).toBe('sealed token')
          found.next.sealedToken.fill(0)
        }
      }),
    )
  })

  describe('present', () => {
    it(
      "notes the successor's first appearance once, on the store's clock",
      withStore(open, async (store, { advance }) => {
        const session = await created(store)
        const next = await rotated(store, session)
        advance(1234)
        expect(await store.present(next.id)).toBe(true)
        advance(1000)
        expect(await store.present(next.id)).toBe(false)
        expect(await store.read(session.id)).toMatchObject({ next: { presentedAt: startAt + 1234 } })
      }),
    )

    it(
      'answers true to one of fifty',
      withStore(open, async (store) => {
        const next = await rotated(store, await created(store))
        expect(tally(await atOnce(50, () => store.present(next.id))).get(true)).toBe(1)
      }),
    )

    it(
      'is false for ids that follow none: unknown, never rotated, the predecessor itself',
      withStore(open, async (store) => {
        const session = await created(store)
        expect(await store.present(newId())).toBe(false)
        expect(await store.present(session.id)).toBe(false)
        await rotated(store, session)
        expect(await store.present(session.id)).toBe(false)
        expect(await store.read(session.id)).toMatchObject({ next: { presentedAt: null } })
      }),
    )

    it(
      'marks only the predecessor of the id that was presented',
      withStore(open, async (store) => {
        const first = await created(store)
        const second = await rotated(store, first)
        const third = await rotated(store, second)
        expect(await store.present(third.id)).toBe(true)
        expect(await store.read(second.id)).toMatchObject({ next: { presentedAt: startAt } })
        expect(await store.read(first.id)).toMatchObject({ next: { presentedAt: null } })
        expect(await store.present(second.id)).toBe(true)
        expect(await store.read(first.id)).toMatchObject({ next: { presentedAt: startAt } })
      }),
    )

    it(
      'is false after the end',
      withStore(open, async (store) => {
        const session = await created(store)
        const next = await rotated(store, session)
        await store.end(session.sid)
        expect(await store.present(next.id)).toBe(false)
        expect(await store.read(session.id)).toBeNull()
      }),
    )
  })
}
