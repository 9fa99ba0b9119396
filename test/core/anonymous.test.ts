import { describe, expect, it } from 'vitest'
import { defaultPolicy } from '../../src/core/policy.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { Clock, day, hour, minute, startProcess, withMethods } from './samples.ts'

describe('anonymous sessions', () => {
  it('P11: store nothing until they are started, whatever is loaded, peeked at or touched', async () => {
    const store = memoryStore()
    const writes: string[] = []
    const spied = new Proxy(store, {
      get(target, name: keyof typeof store) {
        if (!['read', 'isCurrent', 'watch', 'readKeyring', 'writeKeyring'].includes(name)) writes.push(name)
        return target[name]
      },
    })
    const home = await startProcess({ store: spied })
    for (let visitor = 0; visitor < 100; visitor++) {
      const credential = home.sessions.beginAnonymous()
      const loaded = await home.sessions.load(credential)
      home.sessions.peek(credential)
      if (loaded !== null) home.sessions.touch(loaded.session)
      await home.sessions.load(`${credential}x`)
    }
    expect(writes).toEqual([])
    expect(home.events).toEqual([])
  })

  it('are nobody’s, and the same session before and after they are started', async () => {
    const home = await startProcess()
    const credential = home.sessions.beginAnonymous()
    const before = (await home.sessions.load(credential))?.session
    const started = (await home.sessions.start(credential))?.session
    expect(before).toMatchObject({ identity: null, user: null, version: 0 })
    expect(started).toEqual({ ...before, begun: await home.sessions.begin(), version: 1 })
    expect((await home.sessions.load(credential))?.session).toEqual(started)
    expect(home.told('session_created')).toBe(1)
  })

  it('are one session for all tabs and replicas that start at the same moment', async () => {
    const one = await startProcess()
    const other = await startProcess(one)
    const credential = one.sessions.beginAnonymous()
    const started = await Promise.all(
      Array.from({ length: 50 }, (_, tab) => (tab % 2 === 0 ? one : other).sessions.start(credential)),
    )
    expect(new Set(started.map((loaded) => loaded?.session.sid)).size).toBe(1)
    expect(started.every((loaded) => loaded?.session.version === 1)).toBe(true)
    expect(one.told('session_created') + other.told('session_created')).toBe(1)
  })

  it('SECURITY: are started by their own class of credential only', async () => {
    const home = await startProcess()
    const { credential, session } = await home.signIn()
    await home.sessions.end(session.sid)
    expect(await home.sessions.start(credential)).toBeNull()
  })

  it('last a day from their issue, stored or not, and not a millisecond longer', async () => {
    const home = await startProcess()
    const [stored, bare] = [home.sessions.beginAnonymous(), home.sessions.beginAnonymous()]
    await home.sessions.start(stored)
    home.clock.advance(day - 1)
    for (const credential of [stored, bare]) expect(await home.sessions.load(credential)).not.toBeNull()
    home.clock.advance(1)
    for (const credential of [stored, bare]) {
      expect(await home.sessions.load(credential)).toBeNull()
      expect(await home.sessions.start(credential)).toBeNull()
    }
  })

  it('once past their idle limit are absent, and not as good as new', async () => {
    const policy = { ...defaultPolicy, anonymous: { idle: hour, absolute: day } }
    const home = await startProcess({ policy })
    const credential = home.sessions.beginAnonymous()
    await home.sessions.start(credential)
    home.clock.advance(hour)
    expect(await home.sessions.load(credential)).toBeNull()
    expect(await home.sessions.start(credential)).toBeNull()
  })

  it('SECURITY: are absent if their row was changed from outside, and not as good as new', async () => {
    const store = memoryStore()
    const home = await startProcess({
      store: withMethods(store, {
        async read(id) {
          const found = await store.read(id)
          if (found?.state !== 'live') return found
          return { ...found, session: { ...found.session, user: 'admin' } }
        },
      }),
    })
    const credential = home.sessions.beginAnonymous()
    expect(await home.sessions.start(credential)).toBeNull()
    expect(await home.sessions.load(credential)).toBeNull()
  })

  it('of a replica whose clock is a minute ahead are taken, of one farther ahead not', async () => {
    const store = memoryStore()
    const here = await startProcess({ store })
    const ahead = await startProcess({ store, keyring: here.keyring, clock: new Clock() })
    ahead.clock.advance(minute)
    expect(await here.sessions.load(ahead.sessions.beginAnonymous())).not.toBeNull()
    ahead.clock.advance(1)
    expect(await here.sessions.load(ahead.sessions.beginAnonymous())).toBeNull()
  })

  it('end when everybody’s sessions are ended; what was not started yet has nothing that could end, and starts', async () => {
    const home = await startProcess()
    const [stored, bare] = [home.sessions.beginAnonymous(), home.sessions.beginAnonymous()]
    await home.sessions.start(stored)
    await home.sessions.revokeAll()
    expect(await home.sessions.start(stored)).toBeNull()
    expect(await home.sessions.start(bare)).not.toBeNull()
    expect(await home.sessions.start(home.sessions.beginAnonymous())).not.toBeNull()
  })
})
