import type { Creation, SessionStore, StoreChange, StoredSession } from '../core/contracts.ts'
import { StoreError } from '../core/errors.ts'
import type { SessionLimit } from '../core/session-limit.ts'
import { atOnce, changesOf, current, type OpenStore, tally, withStore, withTwo } from './opened-store.ts'
import { begunNow, bytes, created, hour, record, rotated, startAt } from './records.ts'
import type { TestRunner } from './test-runner.ts'

const refuse = (most: number, replacing?: string): SessionLimit => ({
  ...{ most, whenFull: 'refuse' },
  ...(replacing !== undefined && { replacing }),
})
const replace = (most: number): SessionLimit => ({ most, whenFull: 'replace-oldest' })

const ofA = (age: number): StoredSession => record({ user: 'a', createdAt: startAt - 1000 + age })

async function sidsOf(store: SessionStore, user: string): Promise<readonly string[]> {
  return (await store.listByUser(user)).map(({ sid }) => sid)
}

const endings = (changes: readonly StoreChange[]): readonly unknown[] =>
  changes.flatMap((change) => (change.kind === 'ended' ? [[change.sid, change.why ?? null]] : []))

export function describeSessionLimit({ describe, expect, it }: TestRunner, open: OpenStore): void {
  describe('create with a limit', () => {
    it(
      'creates no more than so many for a user, and says that it is full',
      withStore(open, async (store) => {
        const sessions = [ofA(1), ofA(2), ofA(3)]
        for (const session of sessions) expect(await store.create(session, refuse(3))).toBe('created')
        const late = ofA(4)
        expect(await store.create(late, refuse(3))).toBe('full')
        expect(await store.read(late.id)).toBeNull()
        expect(await sidsOf(store, 'a')).toEqual(sessions.map(({ sid }) => sid))
        expect(await store.create(record({ user: 'b' }), refuse(3))).toBe('created')
        for (let n = 0; n < 4; n++)
          expect(await store.create(record({ user: null }), refuse(1))).toBe('created')
      }),
    )

    it(
      'has room again for each that was signed out or revoked',
      withStore(open, async (store) => {
        const [one, two, three] = [ofA(1), ofA(2), ofA(3)]
        for (const session of [one, two]) await store.create(session, refuse(2))
        await store.end(one.sid)
        expect(await store.create(three, refuse(2))).toBe('created')
        expect(await store.create(ofA(4), refuse(2))).toBe('full')
        await store.revoke({ user: 'a' }, startAt)
        const begun = await begunNow(store)
        const next = (age: number) => store.create({ ...ofA(age), begun }, refuse(2))
        for (const age of [1000, 1001]) expect(await next(age)).toBe('created')
        expect(await next(1002)).toBe('full')
      }),
    )

    it(
      'counts sessions that were created without a limit, and rotated ones once',
      withStore(open, async (store) => {
        const first = await created(store, { user: 'a', createdAt: startAt - 5 })
        await rotated(store, first)
        expect(await store.create(ofA(999), refuse(2))).toBe('created')
        expect(await store.create(ofA(1000), refuse(2))).toBe('full')
        expect(await store.create(ofA(1000), replace(2))).toBe('created')
        expect(await sidsOf(store, 'a')).not.toContain(first.sid)
      }),
    )

    it(
      'counts no session past a deadline, and ends it, so that no late touch brings it back (closing a tab locks nobody out)',
      withStore(open, async (store, { advance }) => {
        const idle = await created(store, { user: 'a', idleAt: startAt + hour })
        const over = await created(store, { user: 'a', absoluteAt: startAt + hour, idleAt: startAt + hour })
        expect(await store.create(ofA(1), refuse(2))).toBe('full')
        advance(hour)
        const next = ofA(2)
        expect(await store.create(next, refuse(2))).toBe('created')
        expect(await store.touch(idle.id, startAt + 3 * hour)).toBe(false)
        expect(await store.read(over.id)).toBeNull()
        expect(await sidsOf(store, 'a')).toEqual([next.sid])
      }),
    )

    it(
      'lets a session take the place of its own browser’s, and never counts that twice',
      withStore(open, async (store) => {
        const [one, two, again] = [ofA(1), ofA(2), ofA(3)]
        for (const session of [one, two]) await store.create(session, refuse(2))
        const stranger = await created(store, { user: 'b' })
        expect(await store.create(ofA(3), refuse(2, stranger.sid))).toBe('full')
        expect((await store.read(stranger.id))?.state).toBe('live')
        const changes = changesOf(store)
        expect(await store.create(again, refuse(2, one.sid))).toBe('created')
        expect(await sidsOf(store, 'a')).toEqual([two.sid, again.sid])
        expect(endings(changes)).toEqual([[one.sid, null]])
        expect(await store.create(ofA(4), refuse(2, one.sid))).toBe('full')
      }),
    )

    it(
      'replaces the oldest, as many as have to, with all their state, and tells why',
      withTwo(open, async (store, other) => {
        const old = [ofA(1), ofA(2), ofA(3), ofA(4)]
        for (const session of old) await store.create(session)
        const scope = { sid: old[0]?.sid ?? '', name: 's' }
        await store.writeState(scope, [{ key: 'k', value: bytes('v') }])
        await Promise.all([current(store), current(other)])
        const [here, there] = [changesOf(store), changesOf(other)]
        const next = ofA(5)
        expect(await store.create(next, replace(3))).toBe('created')
        expect(await sidsOf(store, 'a')).toEqual([old[2]?.sid, old[3]?.sid, next.sid])
        for (const { id, sid } of old.slice(0, 2)) {
          expect(await store.read(id)).toBeNull()
          expect(await store.create(record({ sid }))).toBe('ended')
        }
        expect(await store.readState(scope)).toEqual(new Map())
        const told = old.slice(0, 2).map(({ sid }) => [sid, 'replaced'])
        const sorted = (changes: readonly StoreChange[]) => [...endings(changes)].sort()
        expect(sorted(here)).toEqual([...told].sort())
        // Acknowledged as any end is: nobody trusts what was cached of it.
        other.isCurrent()
        expect(sorted(there)).toEqual([...told].sort())
      }),
    )

    it(
      'ends nothing for a session that is not created',
      withStore(open, async (store) => {
        const [one, two] = [ofA(1), ofA(2)]
        for (const session of [one, two]) await store.create(session, replace(2))
        expect(await store.create(two, replace(2))).toBe('ended')
        expect(await store.create(record({ user: 'a', sid: one.sid }), replace(1))).toBe('ended')
        await store.revoke({ user: 'b' }, startAt)
        const revoked = record({ user: 'b' })
        expect(await store.create(revoked, refuse(1))).toBe('revoked')
        expect(await sidsOf(store, 'a')).toEqual([one.sid, two.sid])
        const after = record({ user: 'b', begun: await begunNow(store) })
        expect(await store.create(after, refuse(1))).toBe('created')
      }),
    )

    it(
      'ASVS 7.1.2, W8: leaves exactly three of fifty sign-ins at once on two replicas, whichever way',
      withTwo(open, async (one, two) => {
        for (const [user, limit] of [
          ['a', refuse(3)],
          ['b', replace(3)],
        ] as const) {
          const sessions = Array.from({ length: 50 }, (_, n) => record({ user, createdAt: startAt + n }))
          const answers = await atOnce(50, (n) =>
            unlessUnsure(() => (n % 2 === 0 ? one : two).create(sessions[n] as StoredSession, limit)),
          )
          const live = await sidsOf(two, user)
          const accepted = sessions.filter(({ sid }, n) => answers[n] === 'created' && live.includes(sid))
          expect(accepted.length).toBeLessThanOrEqual(3)
          const counts = tally(answers)
          if (counts.has('unsure')) continue
          expect(counts).toEqual(
            new Map(
              limit.whenFull === 'refuse'
                ? [
                    ['created', 3],
                    ['full', 47],
                  ]
                : [['created', 50]],
            ),
          )
          expect(live.length).toBeLessThanOrEqual(3)
          expect(accepted.length > 0).toBe(true)
        }
      }),
    )
  })
}

/** A store that cannot confirm in time, on a machine with much else to do, breaks no promise. */
async function unlessUnsure(create: () => Promise<Creation>): Promise<Creation | 'unsure'> {
  try {
    return await create()
  } catch (error) {
    if (error instanceof StoreError) return 'unsure'
    throw error
  }
}
