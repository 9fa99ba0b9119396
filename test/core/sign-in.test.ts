import { describe, expect, it } from 'vitest'
import { StoreError } from '../../src/core/errors.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import {
  anna,
  ben,
  Clock,
  day,
  device,
  gate,
  hour,
  startAt,
  startProcess,
  whoIs,
  withMethods,
} from './samples.ts'

describe('signIn()', () => {
  it('makes a session that load finds, and peek from then on', async () => {
    const home = await startProcess()
    const { credential, session } = await home.signIn()
    expect(home.sessions.peek(credential)).toBeNull()
    expect((await home.sessions.load(credential))?.session).toEqual(session)
    expect(home.sessions.peek(credential)).toEqual(session)
    expect(session).toMatchObject({ identity: anna, device, createdAt: startAt, idleAt: startAt + 12 * hour })
  })

  it('ASVS 7.2.4: always makes a new token, id and sid, and ends the session that was presented', async () => {
    const home = await startProcess()
    const first = await home.signIn()
    const second = await home.signIn({ replaces: first.session })
    expect(second.credential).not.toBe(first.credential)
    expect(second.session.sid).not.toBe(first.session.sid)
    expect(second.session.id).not.toBe(first.session.id)
    expect(await home.sessions.load(first.credential)).toBeNull()
    expect(await whoIs(home.sessions, second.credential)).toBe('anna')
  })

  it('SECURITY: fixation: an attacker’s own valid session, presented at sign-in, never becomes the victim’s', async () => {
    const home = await startProcess()
    const planted = await home.signIn({ identity: ben })
    const victim = await home.signIn({ replaces: planted.session })
    expect(await home.sessions.load(planted.credential)).toBeNull()
    expect(await whoIs(home.sessions, victim.credential)).toBe('anna')
    expect(await home.sessions.listUser(ben)).toEqual([])
  })

  it('SECURITY: fixation: a planted anonymous credential stays nobody’s, stored or not', async () => {
    for (const isStored of [true, false]) {
      const home = await startProcess()
      const planted = home.sessions.beginAnonymous()
      const loaded = isStored ? await home.sessions.start(planted) : await home.sessions.load(planted)
      const victim = await home.signIn({ replaces: loaded?.session ?? null })
      expect(await whoIs(home.sessions, planted)).toBeNull()
      expect(await home.sessions.start(planted)).toBeNull()
      expect(await home.sessions.rotate(victim.session, planted)).toBeNull()
    }
  })

  it('SECURITY: fixation: an unknown credential of the right shape is never adopted', async () => {
    const home = await startProcess()
    const elsewhere = await startProcess()
    const { credential } = await elsewhere.signIn()
    await home.signIn()
    expect(await home.sessions.load(credential)).toBeNull()
    expect(await home.sessions.start(credential)).toBeNull()
  })

  it('SECURITY: ends a presented anonymous session even while a request on its way is starting it', async () => {
    const clock = new Clock()
    const store = memoryStore({ now: clock.now })
    const creating = gate()
    const signedIn = gate()
    const slow = withMethods(store, {
      async create(session) {
        if (session.user !== null) return store.create(session)
        creating.open()
        await signedIn.passed
        return store.create(session)
      },
    })
    const one = await startProcess({ clock, store })
    const other = await startProcess({ clock, store: slow, keyring: one.keyring })
    const credential = one.sessions.beginAnonymous()
    const presented = await one.sessions.load(credential)
    const starting = other.sessions.start(credential)
    await creating.passed
    await one.signIn({ replaces: presented?.session ?? null })
    signedIn.open()
    expect(await starting).toBeNull()
    expect(await one.sessions.start(credential)).toBeNull()
  })

  it('keeps what identifies the browser short', async () => {
    const home = await startProcess()
    const { session } = await home.signIn({ device: { userAgent: 'x'.repeat(5_000), address: '::1' } })
    expect(session.device.userAgent).toHaveLength(256)
  })

  it('is refused when a revocation came between the check and the session, and not when tried again', async () => {
    const home = await startProcess()
    const begun = await home.sessions.begin()
    await home.sessions.revokeUser(anna)
    const request = { identity: anna, remember: false, device, replaces: null }
    expect(await home.sessions.signIn({ ...request, begun })).toBeNull()
    expect(await home.sessions.signIn({ ...request, begun: await home.sessions.begin() })).not.toBeNull()
  })

  it('of what another system issued is refused when a revocation came since, and counts its deadlines from then', async () => {
    const home = await startProcess()
    const { session } = await home.signIn({ issuedAt: startAt - hour })
    expect(session).toMatchObject({ createdAt: startAt - hour, absoluteAt: startAt - hour + day })
    home.clock.advance(hour)
    await home.sessions.revokeUser(anna)
    home.clock.advance(hour)
    const begun = await home.sessions.begin()
    const request = { identity: anna, remember: false, device, replaces: null, begun }
    for (const issuedAt of [startAt, startAt + hour])
      expect(await home.sessions.signIn({ ...request, issuedAt })).toBeNull()
    expect(await home.sessions.signIn({ ...request, issuedAt: startAt + hour + 1 })).not.toBeNull()
    expect(await home.sessions.signIn({ ...request, identity: ben, issuedAt: startAt })).not.toBeNull()
  })

  it('resolves to nothing that is not stored: a store that fails makes it reject', async () => {
    const home = await startProcess()
    await home.store.close()
    await expect(home.signIn()).rejects.toBeInstanceOf(StoreError)
  })
})
