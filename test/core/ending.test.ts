import { describe, expect, it } from 'vitest'
import type { Ending } from '../../src/core/ending.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { anna, ben, Clock, gate, hour, startProcess, whoIs, withMethods } from './samples.ts'

describe('end()', () => {
  it('ASVS 7.4.1: ends the session for every copy of the credential, on every replica, at once', async () => {
    const one = await startProcess()
    const other = await startProcess(one)
    const { credential, session } = await one.signIn()
    for (const replica of [one, other]) {
      await replica.sessions.load(credential)
      expect(replica.sessions.peek(credential)).not.toBeNull()
    }
    expect(await one.sessions.end(session.sid)).toBe(true)
    for (const replica of [one, other]) {
      expect(replica.sessions.peek(credential)).toBeNull()
      expect(await replica.sessions.load(credential)).toBeNull()
      expect(await replica.sessions.refresh(session)).toBeNull()
    }
    expect(await other.sessions.end(session.sid)).toBe(false)
  })

  it('does not touch the person’s other sessions, nor anybody else’s', async () => {
    const home = await startProcess()
    const [ended, kept, others] = [
      await home.signIn(),
      await home.signIn(),
      await home.signIn({ identity: ben }),
    ]
    await home.sessions.end(ended.session.sid)
    expect(await whoIs(home.sessions, kept.credential)).toBe('anna')
    expect(await whoIs(home.sessions, others.credential)).toBe('ben')
  })

  it('SECURITY: nothing that read the session before brings it back afterwards', async () => {
    const home = await startProcess()
    const { credential } = await home.signIn()
    const slow = (await home.sessions.load(credential))?.session
    if (slow === undefined) throw new Error('The session was not found.')
    await home.sessions.end(slow.sid)
    home.clock.advance(2 * hour)
    home.sessions.touch(slow)
    expect(await home.sessions.rotate(slow, credential)).toBeNull()
    expect(await home.sessions.start(credential)).toBeNull()
    expect(await home.sessions.refresh(slow)).toBeNull()
    expect(await home.sessions.load(credential)).toBeNull()
    expect(home.sessions.peek(credential)).toBeNull()
    expect(await home.sessions.listUser(anna)).toEqual([])
  })

  it('SECURITY: a load that was under way when the session ended leaves nothing in the cache', async () => {
    const clock = new Clock()
    const store = memoryStore({ now: clock.now })
    const read = gate()
    const ended = gate()
    const slow = withMethods(store, {
      async read(id) {
        const found = await store.read(id)
        read.open()
        await ended.passed
        return found
      },
    })
    const home = await startProcess({ clock, store: slow })
    const { credential, session } = await home.signIn()
    const loading = home.sessions.load(credential)
    await read.passed
    await home.sessions.end(session.sid)
    ended.open()
    await loading
    expect(home.sessions.peek(credential)).toBeNull()
  })

  it('keeps an ended anonymous credential from starting again', async () => {
    const home = await startProcess()
    const credential = home.sessions.beginAnonymous()
    const started = await home.sessions.start(credential)
    await home.sessions.end(started?.session.sid ?? '')
    expect(await home.sessions.start(credential)).toBeNull()
    home.clock.advance(23 * hour)
    expect(await home.sessions.start(credential)).toBeNull()
  })
})

describe('onEnd()', () => {
  it('tells which sessions ended, on every replica, until it is stopped', async () => {
    const one = await startProcess()
    const other = await startProcess(one)
    const endings: Ending[] = []
    const stop = other.sessions.onEnd((ending) => endings.push(ending))
    const [a, b, c] = [await one.signIn(), await one.signIn(), await one.signIn({ identity: ben })]
    const covered = (): boolean[] => {
      const ending = endings.at(-1)
      return [a, b, c].map(({ session }) => ending?.kind === 'ended' && ending.covers(session))
    }
    await one.sessions.end(a.session.sid)
    expect(covered()).toEqual([true, false, false])
    await one.sessions.revokeUser(anna)
    expect(covered()).toEqual([true, true, false])
    await one.sessions.revokeAll()
    expect(covered()).toEqual([true, true, true])
    one.clock.advance(1)
    const later = await one.signIn()
    expect(endings.every((ending) => ending.kind === 'recheck' || !ending.covers(later.session))).toBe(true)
    stop()
    await one.sessions.end(later.session.sid)
    expect(endings).toHaveLength(3)
  })

  it('finds a session by what it was before its rotation', async () => {
    const home = await startProcess()
    const { credential, session } = await home.signIn()
    await home.sessions.rotate(session, credential)
    const endings: boolean[] = []
    home.sessions.onEnd((ending) => endings.push(ending.kind === 'ended' && ending.covers(session)))
    await home.sessions.end(session.sid)
    expect(endings).toEqual([true])
  })

  it('says nothing of a rotation or of state, and asks for a recheck after a gap', async () => {
    type Listener = Parameters<ReturnType<typeof memoryStore>['watch']>[0]
    const listeners: Listener[] = []
    const deliver: Listener = (change) => {
      for (const listener of listeners) listener(change)
    }
    const store = memoryStore()
    const home = await startProcess({
      store: withMethods(store, {
        watch(listener) {
          listeners.push(listener)
          return store.watch(listener)
        },
      }),
    })
    const { credential, session } = await home.signIn()
    await home.sessions.load(credential)
    const endings: Ending[] = []
    home.sessions.onEnd((ending) => endings.push(ending))
    deliver({ kind: 'changed', id: 'x', sid: session.sid })
    deliver({ kind: 'state', scope: { sid: session.sid, name: 'x' }, keys: ['k'] })
    expect(endings).toEqual([])
    expect(home.sessions.peek(credential)).not.toBeNull()
    deliver({ kind: 'gap' })
    expect(endings).toEqual([{ kind: 'recheck' }])
    expect(home.sessions.peek(credential)).toBeNull()
  })
})
