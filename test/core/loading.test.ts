import { describe, expect, it } from 'vitest'
import { StoreError } from '../../src/core/errors.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { anna, startProcess, whoIs, withMethods } from './samples.ts'

describe('peek() and load()', () => {
  it('make no store call for a session this process knows', async () => {
    const store = memoryStore()
    const home = await startProcess({ store })
    const { credential } = await home.signIn()
    await home.sessions.load(credential)
    let calls = 0
    const counted = new Proxy(store, {
      get(target, name: keyof typeof store) {
        if (name !== 'isCurrent') calls++
        return target[name]
      },
    })
    const again = await startProcess({ store: counted, keyring: home.keyring, clock: home.clock })
    await again.sessions.load(credential)
    calls = 0
    for (let request = 0; request < 1_000; request++) expect(again.sessions.peek(credential)).not.toBeNull()
    expect(calls).toBe(0)
  })

  it('SECURITY: ask the store nothing about garbage', async () => {
    const home = await startProcess()
    await home.store.close()
    const { credential } = await (await startProcess()).signIn()
    for (const garbage of [
      '',
      'x',
      '../../x',
      '0'.repeat(1_000_000),
      'v1.a.b.c',
      credential,
      `${credential}x`,
    ]) {
      expect(home.sessions.peek(garbage)).toBeNull()
      expect(await home.sessions.load(garbage)).toBeNull()
      expect(await home.sessions.start(garbage)).toBeNull()
    }
  })

  it('P5: a store that fails makes load reject, and never answer that there is no session', async () => {
    const home = await startProcess()
    const { credential, session } = await home.signIn()
    const anonymous = home.sessions.beginAnonymous()
    await home.sessions.load(credential)
    await home.store.close()
    expect(home.sessions.peek(credential)).toBeNull()
    for (const asked of [
      () => home.sessions.load(credential),
      () => home.sessions.load(anonymous),
      () => home.sessions.start(anonymous),
      () => home.sessions.refresh(session),
      () => home.sessions.rotate(session, credential),
      () => home.sessions.end(session.sid),
      () => home.sessions.revokeUser(anna),
      () => home.sessions.revokeAll(),
      () => home.sessions.listUser(anna),
      () => home.sessions.listAll()[Symbol.asyncIterator]().next(),
    ]) {
      await expect(asked()).rejects.toBeInstanceOf(StoreError)
    }
    expect(home.told('session_revoked')).toBe(0)
  })

  it('do not answer from the cache while changes may be missing', async () => {
    const store = memoryStore()
    let current = true
    const home = await startProcess({ store: withMethods(store, { isCurrent: () => current }) })
    const { credential } = await home.signIn()
    await home.sessions.load(credential)
    current = false
    expect(home.sessions.peek(credential)).toBeNull()
    expect(await home.sessions.load(credential)).not.toBeNull()
    current = true
    expect(home.sessions.peek(credential)).not.toBeNull()
  })

  it('keep nothing that was read while changes may have been missing', async () => {
    const store = memoryStore()
    let current = false
    const home = await startProcess({ store: withMethods(store, { isCurrent: () => current }) })
    const { credential } = await home.signIn()
    await home.sessions.load(credential)
    current = true
    expect(home.sessions.peek(credential)).toBeNull()
  })

  it('give requests at the same moment one and the same session', async () => {
    const home = await startProcess()
    const { credential } = await home.signIn()
    const loaded = await Promise.all(Array.from({ length: 50 }, () => home.sessions.load(credential)))
    expect(new Set(loaded.map((one) => one?.session)).size).toBe(1)
  })

  it('SECURITY: never give the credential of one app a session of another in the same store', async () => {
    const kelp = await startProcess({ app: 'kelp' })
    const reef = await startProcess({
      store: kelp.store,
      keyring: kelp.keyring,
      clock: kelp.clock,
      app: 'reef',
    })
    const { credential } = await kelp.signIn()
    const anonymous = kelp.sessions.beginAnonymous()
    expect(await reef.sessions.load(credential)).toBeNull()
    expect(await reef.sessions.load(anonymous)).toBeNull()
    expect((await kelp.sessions.load(anonymous))?.session.app).toBe('kelp')
    expect((await kelp.sessions.start(anonymous))?.session.app).toBe('kelp')
    await reef.sessions.revokeUser(anna)
    expect(await whoIs(kelp.sessions, credential)).toBe('anna')
    expect(await reef.sessions.listUser(anna)).toEqual([])
  })
})
