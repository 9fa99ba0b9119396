import fc, { type Scheduler } from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { SessionStore } from '../../src/core/contracts.ts'
import { openKeyring } from '../../src/core/keyring.ts'
import { createSessionManager, type Issued, type SessionManager } from '../../src/core/manager.ts'
import { defaultPolicy } from '../../src/core/policy.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { anna, ben, device, minute, secret, startAt, startProcess, whoIs } from './samples.ts'

/** The store behind a network: each call waits for its turn on the way there and on the way back. */
function distant(store: SessionStore, scheduler: Scheduler): SessionStore {
  const hop =
    <Arguments extends unknown[], Answer>(name: string, call: (...given: Arguments) => Promise<Answer>) =>
    async (...given: Arguments): Promise<Answer> => {
      await scheduler.schedule(Promise.resolve(), `${name} asked`)
      const answer = await call(...given)
      await scheduler.schedule(Promise.resolve(), `${name} answered`)
      return answer
    }
  return {
    ...store,
    create: hop('create', store.create),
    read: hop('read', store.read),
    end: hop('end', store.end),
    revokeBefore: hop('revokeBefore', store.revokeBefore),
  }
}

interface Attempt {
  readonly invokedAt: number
  readonly rounds: readonly (Issued | null)[]
}

/** Two replicas on one store, and a count of what happens in which order. The clock moves every few readings. */
async function race(scheduler: Scheduler, readingsPerTick: number) {
  let readings = 0
  const now = (): number => startAt + Math.floor(readings++ / readingsPerTick)
  let order = 0
  const store = memoryStore({ now })
  const keyring = await openKeyring(store, [secret])
  const replica = (): SessionManager =>
    createSessionManager({ store: distant(store, scheduler), keyring, policy: defaultPolicy, now })
  const direct = createSessionManager({ store, keyring, policy: defaultPolicy, now })

  async function signIn(sessions: SessionManager): Promise<Attempt> {
    await scheduler.schedule(Promise.resolve(), 'a form arrives')
    const invokedAt = order++
    const rounds: (Issued | null)[] = []
    while (rounds.length < 2 && (rounds.at(-1) ?? null) === null) {
      const startedAt = now()
      await scheduler.schedule(Promise.resolve(), 'the password is checked')
      rounds.push(
        await sessions.signIn({ identity: anna, remember: false, device, startedAt, replaces: null }),
      )
    }
    return { invokedAt, rounds }
  }

  async function revoke(sessions: SessionManager): Promise<{ invokedAt: number; acknowledgedAt: number }> {
    await scheduler.schedule(Promise.resolve(), 'a revocation arrives')
    const invokedAt = order++
    await sessions.revokeUser(anna)
    return { invokedAt, acknowledgedAt: order++ }
  }

  return { signIn, revoke, one: replica(), other: replica(), direct }
}

/** How a sign-in went, having held it to what a revocation promises. */
async function judged(
  { invokedAt, rounds }: Attempt,
  revocation: { readonly invokedAt: number; readonly acknowledgedAt: number },
  sessions: SessionManager,
): Promise<string> {
  const issued = rounds.at(-1)
  if (issued == null) throw new Error('A sign-in was refused twice by one revocation.')
  const isIn = (await sessions.load(issued.credential)) !== null
  if (invokedAt > revocation.acknowledgedAt) expect(rounds).toHaveLength(1)
  if (invokedAt > revocation.acknowledgedAt || rounds.length === 2) expect(isIn).toBe(true)
  if (invokedAt < revocation.invokedAt && rounds.length === 1) expect(isIn).toBe(false)
  return `${rounds.length} ${isIn}`
}

describe('revokeUser()', () => {
  it('ASVS 7.4.2, 7.4.5: ends all sessions of one person on every replica at once, and nobody else’s', async () => {
    const one = await startProcess()
    const other = await startProcess(one)
    const issued = [await one.signIn(), await one.signIn({ remember: true }), await other.signIn()]
    const { session, credential } = await one.signIn()
    const rotated = await one.sessions.rotate(session, credential)
    const bystander = await one.signIn({ identity: ben })
    const credentials = [...issued.map((each) => each.credential), credential, rotated?.credential ?? '']
    for (const each of credentials) await other.sessions.load(each)
    await one.sessions.revokeUser(anna)
    for (const { sessions } of [one, other]) {
      for (const each of credentials) {
        expect(sessions.peek(each)).toBeNull()
        expect(await sessions.load(each)).toBeNull()
      }
      expect(await whoIs(sessions, bystander.credential)).toBe('ben')
    }
    expect(one.events.at(-1)).toEqual({ event: 'session_revoked', scope: 'user', subject: 'anna' })
  })

  it('ends what began in its own millisecond, and nothing that begins in the next', async () => {
    const home = await startProcess()
    const before = await home.signIn()
    await home.sessions.revokeUser(anna)
    home.clock.advance(1)
    const after = await home.signIn()
    expect(await home.sessions.load(before.credential)).toBeNull()
    expect(await whoIs(home.sessions, after.credential)).toBe('anna')
  })

  it('is acknowledged in a later millisecond than it was asked in: who signs in then is not refused', async () => {
    const store = memoryStore()
    const keyring = await openKeyring(store, [secret])
    const sessions = createSessionManager({ store, keyring, policy: defaultPolicy })
    for (let round = 0; round < 50; round++) {
      await sessions.revokeUser(anna)
      const startedAt = Date.now()
      const issued = await sessions.signIn({
        identity: anna,
        remember: false,
        device,
        startedAt,
        replaces: null,
      })
      expect(issued).not.toBeNull()
    }
  })

  it('against a sign-in under way: none from before survives, none from after dies, none is refused twice', async () => {
    const outcomes = new Set<string>()
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.integer({ min: 1, max: 12 }),
        async (scheduler, readingsPerTick) => {
          const { signIn, revoke, one, other, direct } = await race(scheduler, readingsPerTick)
          const all = Promise.all([signIn(one), signIn(other), revoke(one)])
          await scheduler.waitFor(all)
          const [first, second, revocation] = await all
          for (const attempt of [first, second]) outcomes.add(await judged(attempt, revocation, direct))
        },
      ),
      { numRuns: 300 },
    )
    // Signed in and then ended; refused and signed in again; never touched.
    expect([...outcomes].sort()).toEqual(['1 false', '1 true', '2 true'])
  })

  it('against requests under way: none that starts after the acknowledgement is let in', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), async (scheduler) => {
        const { revoke, one, other, direct } = await race(scheduler, 3)
        const startedAt = startAt
        const issued = await direct.signIn({
          identity: anna,
          remember: false,
          device,
          startedAt,
          replaces: null,
        })
        const credential = issued?.credential ?? ''
        const loads = Promise.all([one.load(credential), other.load(credential), other.load(credential)])
        const revocation = revoke(one).then(() => [one, other].map((sessions) => sessions.peek(credential)))
        await scheduler.waitFor(Promise.all([loads, revocation]))
        expect(await revocation).toEqual([null, null])
        expect([one.peek(credential), other.peek(credential)]).toEqual([null, null])
        expect(await direct.load(credential)).toBeNull()
      }),
      { numRuns: 200 },
    )
  })
})

describe('revokeAll()', () => {
  it('ASVS 7.4.5: ends every session there is, and none that comes after', async () => {
    const home = await startProcess()
    const issued = [await home.signIn(), await home.signIn({ identity: ben })]
    await home.sessions.revokeAll()
    for (const { credential } of issued) expect(await home.sessions.load(credential)).toBeNull()
    home.clock.advance(minute)
    expect(await whoIs(home.sessions, (await home.signIn()).credential)).toBe('anna')
    expect(home.events[2]).toEqual({ event: 'session_revoked', scope: 'all', subject: '' })
  })
})
