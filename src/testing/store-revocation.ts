import type { SessionStore, StoredSession } from '../core/contracts.ts'
import { all, type OpenStore, withStore, withTwo } from './opened-store.ts'
import { bytes, created, day, record, rotated, startAt, successorOf } from './records.ts'
import type { TestRunner } from './test-runner.ts'

const epoch = startAt + 1000

export function describeRevocation({ describe, expect, it }: TestRunner, open: OpenStore): void {
  describe('revokeBefore', () => {
    it(
      'ends what a user had before the instant, and nothing from then on',
      withStore(open, async (store) => {
        const before = await created(store, { user: 'a', createdAt: epoch - 1 })
        const at = await created(store, { user: 'a', createdAt: epoch })
        const after = await created(store, { user: 'a', createdAt: epoch + 1 })
        const other = await created(store, { user: 'b', createdAt: epoch - 1 })
        const nobody = await created(store, { user: null, createdAt: epoch - 1 })
        await store.revokeBefore({ user: 'a' }, epoch)
        expect(await store.read(before.id)).toBeNull()
        for (const { id } of [at, after, other, nobody]) expect((await store.read(id))?.state).toBe('live')
        expect((await store.listByUser('a')).map(({ id }) => id)).toEqual([at.id, after.id])
        expect((await all(store.scan())).map(({ id }) => id)).not.toContain(before.id)
      }),
    )

    it(
      "ends everyone's sessions from before the instant, anonymous ones too",
      withStore(open, async (store) => {
        const before = await created(store, { createdAt: epoch - 1 })
        const nobody = await created(store, { user: null, createdAt: epoch - 1 })
        const at = await created(store, { createdAt: epoch })
        await store.revokeBefore('all', epoch)
        expect(await store.read(before.id)).toBeNull()
        expect(await store.read(nobody.id)).toBeNull()
        expect((await all(store.scan())).map(({ id }) => id)).toEqual([at.id])
      }),
    )

    it(
      'does not mistake a user for everyone, whatever the user is called',
      withStore(open, async (store) => {
        const session = await created(store, { user: 'a' })
        for (const user of ['', 'all', '*', '%', '__proto__', 'null']) {
          await store.revokeBefore({ user }, epoch)
        }
        expect((await store.read(session.id))?.state).toBe('live')
        expect(await store.create(record({ user: null }))).toBe('created')
      }),
    )

    it(
      'refuses a session whose creation was on its way',
      withStore(open, async (store) => {
        await store.revokeBefore({ user: 'a' }, epoch)
        const late = record({ user: 'a', createdAt: epoch - 1 })
        expect(await store.create(late)).toBe('revoked')
        expect(await store.read(late.id)).toBeNull()
        expect(await store.create(record({ user: 'a', createdAt: epoch }))).toBe('created')
        await store.revokeBefore('all', epoch + 1)
        expect(await store.create(record({ user: 'b', createdAt: epoch }))).toBe('revoked')
        expect(await store.create(record({ user: null, createdAt: epoch }))).toBe('revoked')
        expect(await store.create(record({ user: 'b', createdAt: epoch + 1 }))).toBe('created')
      }),
    )

    it(
      'only moves forward: an earlier instant takes nothing back',
      withStore(open, async (store) => {
        for (const subject of [{ user: 'a' }, 'all'] as const) {
          await store.revokeBefore(subject, epoch)
          await store.revokeBefore(subject, epoch - 500)
          expect(await store.create(record({ user: 'a', createdAt: epoch - 1 }))).toBe('revoked')
          await store.revokeBefore(subject, epoch)
          expect(await store.create(record({ user: 'a', createdAt: epoch - 1 }))).toBe('revoked')
        }
      }),
    )

    it(
      'leaves a revoked session dead for every method',
      withStore(open, async (store) => {
        const first = await created(store, { user: 'a' })
        const session = await rotated(store, first)
        const owner = { sid: session.sid, name: 'session' }
        await store.writeState(owner, [{ key: 'k', value: bytes('v') }])
        await store.revokeBefore({ user: 'a' }, epoch)
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
      'holds after sweeps, until long after the sessions it ended are past',
      withStore(open, async (store, { advance }) => {
        await created(store, { user: 'a' })
        await store.revokeBefore({ user: 'a' }, epoch)
        await store.revokeBefore('all', epoch)
        advance(40 * day)
        await store.sweep(1000)
        expect(await store.create(record({ user: 'a' }))).toBe('revoked')
        expect(await store.create(record({ user: 'b' }))).toBe('revoked')
      }),
    )

    it(
      'leaves nothing of before alive when sign-ins race with it on any replica',
      withTwo(open, async (one, two) => {
        for (let round = 0; round < 8; round++) {
          const before = epoch + round * 1000
          const { early, late } = await raceSignIns(round % 4 < 2 ? [one, two] : [two, one], round, before)
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

/** Twelve sign-ins at once on two replicas, four of them from the instant on, while one of the replicas revokes. */
async function raceSignIns(
  [revoking, other]: readonly [SessionStore, SessionStore],
  round: number,
  before: number,
): Promise<{ readonly early: readonly StoredSession[]; readonly late: readonly StoredSession[] }> {
  const user = `user ${round}`
  const early = Array.from({ length: 8 }, () => record({ user, createdAt: before - 1 }))
  const late = Array.from({ length: 4 }, () => record({ user, createdAt: before }))
  const sessions = [...early.slice(0, 4), ...late, ...early.slice(4)]
  const creations = sessions.map((session, index) => (index % 2 === 0 ? revoking : other).create(session))
  await Promise.all([...creations, revoking.revokeBefore(round % 2 === 0 ? { user } : 'all', before)])
  return { early, late }
}
