import type { StoreChange } from '../core/contracts.ts'
import { changesOf, current, type OpenStore, withStore, withTwo } from './opened-store.ts'
import { begunNow, bytes, created, rotated, startAt, successorOf } from './records.ts'
import type { TestRunner } from './test-runner.ts'

const failed = (error: unknown): string => (error as { code?: string }).code ?? 'no code'

function isAgain(change: StoreChange, before: StoreChange | undefined): boolean {
  return change.kind === 'revoked' && JSON.stringify(change) === JSON.stringify(before)
}

export function describeChanges({ describe, expect, it }: TestRunner, open: OpenStore): void {
  describe('watch', () => {
    it(
      'tells of every change, in the order of the writes',
      withStore(open, async (store) => {
        const changes = changesOf(store)
        const a = await created(store, { user: 'a' })
        const b = await created(store)
        const scope = { sid: b.sid, name: 's' }
        await store.update(a.id, 1, bytes('2'))
        const next = await rotated(store, { ...a, version: 2 })
        await store.writeState(scope, [
          { key: 'k', value: bytes('v') },
          { key: 'absent', value: null },
        ])
        await store.writeState({ sid: null, name: 's' }, [{ key: 'k', value: bytes('v') }])
        await store.end(b.sid)
        const begun = await begunNow(store)
        await store.revoke({ user: 'a' }, startAt)
        await store.revoke('all', startAt)
        await current(store)
        // At least once: a store in several parts may tell of an epoch from each.
        const told = changes.filter((change, index) => !isAgain(change, changes[index - 1]))
        expect(told).toEqual([
          { kind: 'changed', id: a.id, sid: a.sid },
          { kind: 'changed', id: a.id, sid: a.sid },
          { kind: 'state', scope, keys: ['k'] },
          { kind: 'state', scope: { sid: null, name: 's' }, keys: ['k'] },
          { kind: 'ended', id: b.id, sid: b.sid },
          { kind: 'revoked', epoch: { user: 'a' }, before: begun + 1 },
          { kind: 'revoked', epoch: 'all', before: begun + 2 },
        ])
        expect(next.sid).toBe(a.sid)
      }),
    )

    it(
      'is silent about what changes nothing',
      withStore(open, async (store) => {
        const session = await created(store)
        await store.mark(session.user)
        await current(store)
        const changes = changesOf(store)
        await store.touch(session.id, session.idleAt + 1)
        await store.create(session)
        await store.update(session.id, 7, bytes('x'))
        await store.rotate(session.id, 7, successorOf(session, { version: 8 }), bytes('x'))
        await store.end('unknown')
        await store.writeState({ sid: null, name: 's' }, [{ key: 'k', value: null }])
        await store.writeState({ sid: null, name: 's' }, [{ key: 'k', value: bytes('v'), ifVersion: 1 }])
        await store.once('o', 1000)
        await store.hit('h', 1000)
        await store.sweep(10)
        await current(store)
        expect(changes).toEqual([])
      }),
    )

    it(
      'names the id that ended, also after a rotation',
      withStore(open, async (store) => {
        const session = await created(store)
        const next = await rotated(store, session)
        await current(store)
        const changes = changesOf(store)
        await store.end(session.sid)
        await current(store)
        expect(changes).toEqual([{ kind: 'ended', id: next.id, sid: session.sid }])
      }),
    )

    it(
      'tells every listener until it stops listening',
      withStore(open, async (store) => {
        const first: StoreChange[] = []
        const second: StoreChange[] = []
        const stop = store.watch((change) => first.push(change))
        store.watch((change) => second.push(change))
        await store.end((await created(store)).sid)
        await current(store)
        stop()
        stop()
        await store.end((await created(store)).sid)
        await current(store)
        expect(first).toHaveLength(1)
        expect(second).toHaveLength(2)
      }),
    )

    it(
      'lets a listener use the store and stop listening while it is told',
      withStore(open, async (store) => {
        const seen: string[] = []
        const stop = store.watch((change) => {
          seen.push(change.kind)
          store.isCurrent()
          stop()
        })
        await store.end((await created(store)).sid)
        await store.end((await created(store)).sid)
        await current(store)
        expect(seen).toEqual(['ended'])
      }),
    )
  })

  describe('isCurrent', () => {
    it(
      'is true in a store at rest',
      withStore(open, async (store) => {
        await current(store)
        expect(store.isCurrent()).toBe(true)
      }),
    )

    it(
      "never vouches for what a replica's watchers have not been told",
      withTwo(open, async (one, two) => {
        await current(two)
        const changes = changesOf(two)
        for (let round = 1; round <= 30; round++) {
          const session = await created(one)
          await one.end(session.sid)
          // Synchronous, right after the acknowledgement: the sign-out of another process against the warm path here.
          if (two.isCurrent()) expect(changes.at(-1)).toMatchObject({ kind: 'ended', sid: session.sid })
          await current(two)
          expect(changes).toHaveLength(round)
        }
      }),
    )

    it(
      'has delivered the changes of all writers, each in its own order',
      withTwo(open, async (one, two) => {
        const seenByOne = changesOf(one)
        const seenByTwo = changesOf(two)
        const scope = (name: string) => ({ sid: null, name })
        await Promise.all(
          [one, two].flatMap((store, writer) =>
            Array.from({ length: 40 }, (_, index) =>
              store.writeState(scope(`writer ${writer}`), [{ key: `${index}`, value: bytes('v') }]),
            ),
          ),
        )
        await current(one)
        await current(two)
        const expected = Array.from({ length: 40 }, (_, index) => `${index}`)
        for (const seen of [seenByOne, seenByTwo]) {
          for (const writer of ['writer 0', 'writer 1']) {
            const keys = seen.flatMap((change) =>
              change.kind === 'state' && change.scope.name === writer ? change.keys : [],
            )
            expect(keys).toEqual(expected)
          }
        }
      }),
    )

    it(
      'is not needed to hear of changes: watchers on every replica are told by themselves',
      withTwo(open, async (one, two) => {
        const session = await created(one)
        const ended = new Promise<StoreChange>((resolve) => {
          two.watch((change) => {
            if (change.kind === 'ended') resolve(change)
          })
        })
        await one.end(session.sid)
        expect(await ended).toEqual({ kind: 'ended', id: session.id, sid: session.sid })
      }),
    )
  })

  describe('ping and close', () => {
    it(
      'answers a ping while open',
      withStore(open, async (store) => {
        await store.ping()
      }),
    )

    it(
      'finishes the writes under way, tells of them, and closes once',
      withStore(open, async (store, { reopen }) => {
        const session = await created(store)
        const changes = changesOf(store)
        const written = Promise.all([
          store.update(session.id, 1, bytes('2')),
          store.writeState({ sid: null, name: 's' }, [{ key: 'k', value: bytes('v') }]),
        ])
        await Promise.all([store.close(), store.close()])
        await store.close()
        expect(await written).toMatchObject([true, { outcome: 'written' }])
        expect(changes.map(({ kind }) => kind).sort()).toEqual(['changed', 'state'])
        const again = await reopen?.()
        if (again !== undefined)
          expect(await again.read(session.id)).toMatchObject({ session: { version: 2 } })
      }),
    )

    it(
      'refuses to answer after it was closed: unavailable is not absent',
      withStore(open, async (store) => {
        const session = await created(store)
        await store.close()
        const codes = await Promise.all([
          store.read(session.id).then(() => 'answered', failed),
          store.end(session.sid).then(() => 'answered', failed),
          store.listByUser('a').then(() => 'answered', failed),
          store
            .scan()
            [Symbol.asyncIterator]()
            .next()
            .then(() => 'answered', failed),
          store.readState({ sid: null, name: 's' }).then(() => 'answered', failed),
          store.readKeyring().then(() => 'answered', failed),
          store.once('k', 1000).then(() => 'answered', failed),
          store.ping().then(() => 'answered', failed),
        ])
        expect(new Set(codes)).toEqual(new Set(['ERR_STORE_UNAVAILABLE']))
        expect(store.isCurrent()).toBe(false)
      }),
    )
  })
}
