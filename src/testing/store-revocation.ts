import type { SessionStore, StoredSession } from '../core/contracts.ts'
import { all, type OpenStore, withStore, withTwo } from './opened-store.ts'
import { begunNow, bytes, created, day, hour, record, rotated, startAt, successorOf } from './records.ts'
import type { TestRunner } from './test-runner.ts'

export function describeRevocation({ describe, expect, it }: TestRunner, open: OpenStore): void {
  describe('revoke', () => {
    it(
      'ends what a user had, and nothing that begins afterwards',
      withStore(open, async (store) => {
        const before = await created(store, { user: 'a', begun: await begunNow(store) })
        const other = await created(store, { user: 'b' })
        const nobody = await created(store, { user: null })
        await store.revoke({ user: 'a' }, startAt)
        const after = await created(store, { user: 'a', begun: await begunNow(store) })
        expect(await store.read(before.id)).toBeNull()
        for (const { id } of [after, other, nobody]) expect((await store.read(id))?.state).toBe('live')
        expect((await store.listByUser('a')).map(({ id }) => id)).toEqual([after.id])
        expect((await all(store.scan())).map(({ id }) => id)).not.toContain(before.id)
      }),
    )

    it(
      "ends everyone's sessions, anonymous ones too, and nothing that begins afterwards",
      withStore(open, async (store) => {
        const before = await created(store)
        const nobody = await created(store, { user: null })
        await store.revoke('all', startAt)
        const after = await created(store, { begun: await begunNow(store) })
        expect(await store.read(before.id)).toBeNull()
        expect(await store.read(nobody.id)).toBeNull()
        expect((await all(store.scan())).map(({ id }) => id)).toEqual([after.id])
      }),
    )

    it(
      'F20: asks no clock: what says it was made tomorrow ends, and what says it was made yesterday lives',
      withTwo(open, async (one, two) => {
        for (const subject of [{ user: 'a' }, 'all'] as const) {
          const begun = await begunNow(one)
          const ahead = await created(one, { user: 'a', begun, createdAt: startAt + day })
          await two.revoke(subject, startAt - day)
          expect(await one.read(ahead.id)).toBeNull()
          expect(await one.create(record({ user: 'a', begun, createdAt: startAt + day }))).toBe('revoked')
          await one.revoke(subject, startAt + 2 * day)
          const behind = { user: 'a', begun: await begunNow(two), createdAt: startAt - day }
          expect((await two.read((await created(two, behind)).id))?.state).toBe('live')
        }
      }),
    )

    it(
      'does not mistake a user for everyone, whatever the user is called',
      withStore(open, async (store) => {
        const session = await created(store, { user: 'a' })
        for (const user of ['', 'all', '*', '%', '__proto__', 'null']) {
          await store.revoke({ user }, startAt)
        }
        expect((await store.read(session.id))?.state).toBe('live')
        expect(await store.create(record({ user: null }))).toBe('created')
      }),
    )

    it(
      'refuses a session whose creation was on its way',
      withStore(open, async (store) => {
        const early = await begunNow(store)
        await store.revoke({ user: 'a' }, startAt)
        const late = record({ user: 'a', begun: early })
        expect(await store.create(late)).toBe('revoked')
        expect(await store.read(late.id)).toBeNull()
        const since = await begunNow(store)
        expect(await store.create(record({ user: 'a', begun: since }))).toBe('created')
        await store.revoke('all', startAt)
        expect(await store.create(record({ user: 'b', begun: since }))).toBe('revoked')
        expect(await store.create(record({ user: null, begun: since }))).toBe('revoked')
        expect(await store.create(record({ user: 'b', begun: await begunNow(store) }))).toBe('created')
      }),
    )

    it(
      'numbers every revocation higher than all before, whoever asked for it, and says so at once',
      withTwo(open, async (one, two) => {
        let last = await begunNow(one)
        for (const store of [two, one, one, two]) {
          await store.revoke(store === one ? 'all' : { user: 'a' }, startAt)
          const [here, there] = [await begunNow(one), await begunNow(two)]
          expect(here).toBeGreaterThanOrEqual(last + 1)
          expect(there).toBe(here)
          last = here
        }
      }),
    )

    it(
      'remembers when, for what another system dated: the latest of what covers the user',
      withStore(open, async (store) => {
        const revokedAt = async (user: string | null) => (await store.mark(user)).revokedAt
        expect([await revokedAt('a'), await revokedAt(null)]).toEqual([0, 0])
        await store.revoke({ user: 'a' }, startAt)
        await store.revoke({ user: 'a' }, startAt - hour)
        expect([await revokedAt('a'), await revokedAt('b'), await revokedAt(null)]).toEqual([startAt, 0, 0])
        await store.revoke('all', startAt - day)
        expect([await revokedAt('a'), await revokedAt('b')]).toEqual([startAt, startAt - day])
        await store.revoke('all', startAt + day)
        expect([await revokedAt('a'), await revokedAt(null)]).toEqual([startAt + day, startAt + day])
      }),
    )

    it(
      'leaves a revoked session dead for every method',
      withStore(open, async (store) => {
        const first = await created(store, { user: 'a' })
        const session = await rotated(store, first)
        const owner = { sid: session.sid, name: 'session' }
        await store.writeState(owner, [{ key: 'k', value: bytes('v') }])
        await store.revoke({ user: 'a' }, startAt)
        expect(await store.read(first.id)).toBeNull()
        expect(await store.read(session.id)).toBeNull()
        expect(await store.update(session.id, 2, bytes('late'))).toBe(false)
        expect(await store.touch(session.id, session.absoluteAt)).toBe(false)
        expect(await store.rotate(session.id, 2, successorOf(session), bytes('t'))).toBe(false)
        expect(await store.present(session.id)).toBe(false)
        expect(await store.readState(owner)).toEqual(new Map())
        expect((await store.writeState(owner, [{ key: 'k', value: bytes('v') }])).outcome).toBe('gone')
        expect(await store.end(session.sid)).toBe(false)
        expect(await store.create(session)).not.toBe('created')
        expect(await store.listByUser('a')).toEqual([])
      }),
    )

    it(
      'is not outlived by a rotation, which begins nothing',
      withStore(open, async (store) => {
        const session = await created(store, { user: 'a' })
        await store.revoke({ user: 'b' }, startAt)
        const next = successorOf(session, { begun: await begunNow(store) })
        expect(await store.rotate(session.id, 1, next, bytes('t'))).toBe(true)
        expect(await store.read(next.id)).toMatchObject({ session: { begun: session.begun } })
      }),
    )

    it(
      'holds after sweeps, until long after the sessions it ended are past',
      withStore(open, async (store, { advance }) => {
        await created(store, { user: 'a' })
        await store.revoke({ user: 'a' }, startAt)
        await store.revoke('all', startAt)
        advance(40 * day)
        await store.sweep(1000)
        expect(await store.create(record({ user: 'a' }))).toBe('revoked')
        expect(await store.create(record({ user: 'b' }))).toBe('revoked')
      }),
    )

    it(
      'W4: leaves nothing of before alive when sign-ins race with it on any replica, and ends nothing of after',
      withTwo(open, async (one, two) => {
        for (let round = 0; round < 8; round++) {
          const { early, late } = await raceSignIns(round % 4 < 2 ? [one, two] : [two, one], round)
          const states = async (sessions: readonly StoredSession[], store: SessionStore) =>
            (await Promise.all(sessions.map(({ id }) => store.read(id)))).map((found) => found?.state ?? null)
          expect(await states(early, one)).toEqual(early.map(() => null))
          expect(await states(early, two)).toEqual(early.map(() => null))
          expect(await states(late, one)).toEqual(late.map(() => 'live'))
          expect(await states(late, two)).toEqual(late.map(() => 'live'))
        }
      }),
    )
  })
}

/** Eight sign-ins at once on two replicas while one of them revokes, clocks as they may be; four that begin afterwards. */
async function raceSignIns(
  [revoking, other]: readonly [SessionStore, SessionStore],
  round: number,
): Promise<{ readonly early: readonly StoredSession[]; readonly late: readonly StoredSession[] }> {
  const user = `user ${round}`
  const begun = await begunNow(round % 3 === 0 ? revoking : other)
  const early = Array.from({ length: 8 }, (_, n) =>
    record({ user, begun, createdAt: startAt + (n - 4) * hour }),
  )
  const create = (session: StoredSession, index: number) =>
    (index % 2 === 0 ? revoking : other).create(session)
  const creations = early.slice(0, 4).map(create)
  const revoked = revoking.revoke(round % 2 === 0 ? { user } : 'all', startAt)
  await Promise.all([...creations, revoked, ...early.slice(4).map(create)])
  const late: StoredSession[] = []
  for (const store of [other, revoking, other, revoking])
    late.push(await created(store, { user, begun: await begunNow(store) }))
  return { early, late }
}
