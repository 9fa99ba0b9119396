import { describe, expect, it } from 'vitest'
import { StoreError } from '../../src/core/errors.ts'
import type { Issued } from '../../src/core/manager.ts'
import { sealSession } from '../../src/core/session.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { anna, Clock, day, hour, type Process, startProcess, whoIs, withMethods } from './samples.ts'

const grace = 30_000

async function rotated(home: Process, { session, credential }: Issued): Promise<Issued> {
  const next = await home.sessions.rotate(session, credential)
  if (next === null) throw new Error('The rotation was refused.')
  return next
}

describe('rotate()', () => {
  it('ASVS 7.2.4: gives the session another token and id, and keeps everything else of it', async () => {
    const home = await startProcess()
    const first = await home.signIn()
    home.clock.advance(hour)
    const next = await rotated(home, first)
    expect(next.credential).not.toBe(first.credential)
    expect(next.session).toEqual({
      ...first.session,
      id: next.session.id,
      tokenAt: first.session.tokenAt + hour,
      version: 2,
    })
    expect(next.session.id).not.toBe(first.session.id)
    expect((await home.sessions.load(next.credential))?.session).toEqual(next.session)
  })

  it('is due once the token is as old as the policy says, for people who signed in', async () => {
    const home = await startProcess()
    const { session } = await home.signIn({ remember: true })
    const anonymous = await home.sessions.start(home.sessions.beginAnonymous())
    home.clock.advance(day - 1)
    expect(home.sessions.isRotationDue(session)).toBe(false)
    home.clock.advance(1)
    expect(home.sessions.isRotationDue(session)).toBe(true)
    expect(anonymous !== null && home.sessions.isRotationDue(anonymous.session)).toBe(false)
  })

  it('lets one of fifty rotations win, and leads the old token to that one successor', async () => {
    const home = await startProcess()
    const first = await home.signIn()
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => home.sessions.rotate(first.session, first.credential)),
    )
    const winners = answers.filter((answer) => answer !== null)
    expect(winners).toHaveLength(1)
    const followed = await Promise.all(Array.from({ length: 50 }, () => home.sessions.load(first.credential)))
    expect(new Set(followed.map((one) => one?.replacement))).toEqual(new Set([winners[0]?.credential]))
    expect(await home.sessions.listUser(anna)).toHaveLength(1)
  })

  it('costs nothing when the answer is lost: until the successor is first presented, the old token works', async () => {
    const home = await startProcess()
    const first = await home.signIn({ remember: true })
    const lost = await rotated(home, first)
    home.clock.advance(10 * day)
    const found = await home.sessions.load(first.credential)
    expect(found?.session.identity).toEqual(anna)
    expect(found?.replacement).toBe(lost.credential)
  })

  it('lets the old token work for 30 s from the first use of its successor, on the server’s clock', async () => {
    const home = await startProcess()
    const first = await home.signIn()
    const next = await rotated(home, first)
    home.clock.advance(hour)
    await home.sessions.load(next.credential)
    home.clock.advance(grace - 1)
    await home.sessions.load(next.credential)
    expect((await home.sessions.load(first.credential))?.replacement).toBe(next.credential)
    expect(home.told('token_reused')).toBe(0)
  })

  it('SECURITY: ends the whole family and says so when an old token comes back after its grace', async () => {
    const home = await startProcess()
    const first = await home.signIn()
    const next = await rotated(home, first)
    await home.sessions.load(next.credential)
    expect(home.sessions.peek(next.credential)).not.toBeNull()
    home.clock.advance(grace)
    expect(await home.sessions.load(first.credential)).toBeNull()
    expect(home.sessions.peek(next.credential)).toBeNull()
    expect(await home.sessions.load(next.credential)).toBeNull()
    expect(await home.sessions.load(first.credential)).toBeNull()
    expect(home.events.filter(({ event }) => event === 'token_reused')).toEqual([
      { event: 'token_reused', sid: first.session.sid },
    ])
  })

  it('SECURITY: does so for a token that was replaced several times ago, wherever the chain was left', async () => {
    const home = await startProcess({ clock: new Clock() })
    const chain = [await home.signIn()]
    for (let step = 0; step < 3; step++) {
      const last = chain.at(-1)
      if (last === undefined) throw new Error('There is no token.')
      await home.sessions.load(last.credential)
      chain.push(await rotated(home, last))
      home.clock.advance(grace)
    }
    // The last one was never presented: its predecessor is still good, those before are not.
    expect((await home.sessions.load(chain[2]?.credential ?? ''))?.replacement).toBe(chain[3]?.credential)
    expect(await home.sessions.load(chain[0]?.credential ?? '')).toBeNull()
    for (const { credential } of chain) expect(await home.sessions.load(credential)).toBeNull()
    expect(home.told('token_reused')).toBe(1)
  })

  it('follows an old token through several rotations within its grace', async () => {
    const home = await startProcess()
    const first = await home.signIn()
    let last = first
    for (let step = 0; step < 3; step++) last = await rotated(home, last)
    const found = await home.sessions.load(first.credential)
    expect(found?.replacement).toBe(last.credential)
    expect(found?.session.id).toBe(last.session.id)
  })

  it('SECURITY: a session found by an old token is not kept, so that its grace cannot outlast itself', async () => {
    const home = await startProcess()
    const first = await home.signIn()
    await home.sessions.load(first.credential)
    expect(home.sessions.peek(first.credential)).not.toBeNull()
    const next = await rotated(home, first)
    expect(home.sessions.peek(first.credential)).toBeNull()
    await home.sessions.load(first.credential)
    expect(home.sessions.peek(first.credential)).toBeNull()
    await home.sessions.load(next.credential)
    expect(home.sessions.peek(next.credential)).not.toBeNull()
  })

  it('an old token within its grace does not start the clock of its own grace', async () => {
    const home = await startProcess()
    const first = await home.signIn()
    const next = await rotated(home, first)
    await home.sessions.load(first.credential)
    home.clock.advance(grace)
    expect((await home.sessions.load(first.credential))?.replacement).toBe(next.credential)
  })

  it('refuses a credential of another session, another key ring, or none', async () => {
    const home = await startProcess()
    const [one, other] = [await home.signIn(), await home.signIn()]
    const next = await rotated(home, other)
    for (const credential of [other.credential, next.credential, 'x', home.sessions.beginAnonymous()]) {
      expect(await home.sessions.rotate(one.session, credential)).toBeNull()
    }
    expect(await home.sessions.rotate(next.session, other.credential)).toBeNull()
    expect(await whoIs(home.sessions, one.credential)).toBe('anna')
  })

  it('SECURITY: carries over what the store has, not what this process knew before', async () => {
    const store = memoryStore()
    const home = await startProcess({ store })
    const first = await home.signIn()
    const found = await store.read(first.session.id)
    if (found?.state !== 'live') throw new Error('The session was not stored.')
    // Another replica took the roles away: the row is at its second version, sealed anew.
    const { app, device, remember, authenticatedAt, tokenAt, idle } = first.session
    const identity = { ...anna, claims: {} }
    const part = { app, device, remember, authenticatedAt, tokenAt, idle, identity }
    const sealed = sealSession(home.keyring, { ...found.session, version: 2 }, part)
    expect(await store.update(first.session.id, 1, sealed)).toBe(true)
    const next = await rotated(home, first)
    expect(next.session.identity).toEqual(identity)
    expect((await home.sessions.load(next.credential))?.session).toMatchObject({ identity, version: 3 })
  })

  it('SECURITY: makes nothing good of a row that was changed from outside', async () => {
    const store = memoryStore()
    const stretched = withMethods(store, {
      async read(id) {
        const found = await store.read(id)
        if (found?.state !== 'live') return found
        return {
          state: 'live',
          session: { ...found.session, absoluteAt: found.session.absoluteAt + 30 * day },
        }
      },
    })
    const home = await startProcess({ store: stretched })
    const { session, credential } = await home.signIn()
    expect(await home.sessions.rotate(session, credential)).toBeNull()
    expect(home.told('session_rotated')).toBe(0)
    expect(home.told('record_rejected')).toBe(1)
  })

  it('does not count a token as presented when the store could not note it: load rejects', async () => {
    const store = memoryStore()
    const home = await startProcess({
      store: withMethods(store, {
        present: async () => {
          throw new StoreError('ERR_STORE_FULL', 'The disk is full.')
        },
      }),
    })
    const next = await rotated(home, await home.signIn())
    await expect(home.sessions.load(next.credential)).rejects.toMatchObject({ code: 'ERR_STORE_FULL' })
    expect(home.sessions.peek(next.credential)).toBeNull()
  })

  it('ends with the session: no token of the family works after it was signed out', async () => {
    const home = await startProcess()
    const first = await home.signIn()
    const next = await rotated(home, first)
    await home.sessions.end(first.session.sid)
    for (const { credential } of [first, next]) expect(await home.sessions.load(credential)).toBeNull()
    expect(home.told('token_reused')).toBe(0)
  })
})

describe('refresh()', () => {
  it('finds a session through more rotations than any token is followed', async () => {
    const home = await startProcess()
    const first = await home.signIn()
    let last = first
    for (let step = 0; step < 40; step++) last = await rotated(home, last)
    expect(await home.sessions.refresh(first.session)).toEqual(last.session)
  })

  it('SECURITY: never ends up at another session, wherever changed rows lead', async () => {
    const store = memoryStore()
    const elsewhere = { id: '' }
    const home = await startProcess({
      store: withMethods(store, {
        async read(id) {
          const found = await store.read(id)
          if (found?.state !== 'rotated') return found
          return { ...found, next: { ...found.next, id: elsewhere.id } }
        },
      }),
    })
    const mine = await home.signIn()
    const theirs = await home.signIn({ identity: { ...anna, userId: 'admin' } })
    await rotated(home, mine)
    elsewhere.id = theirs.session.id
    expect(await home.sessions.refresh(mine.session)).toBeNull()
    elsewhere.id = mine.session.id
    expect(await home.sessions.refresh(mine.session)).toBeNull()
  })
})
