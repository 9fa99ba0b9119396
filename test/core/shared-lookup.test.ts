import { describe, expect, it } from 'vitest'
import type { SessionStore } from '../../src/core/contracts.ts'
import { StoreError } from '../../src/core/errors.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { type Process, settled, startProcess, withMethods } from './samples.ts'

interface Held {
  readonly home: Process
  readonly store: SessionStore
  readonly away: { isCurrent: boolean; isFailing: boolean }
  /** How often the store was asked for a session. */
  asked(): number
  /** Lets the readings under way come back, with what they found when they began. */
  letGo(): void
}

/** A process whose readings come back when they are let go, and know what was there when they began. */
async function held(): Promise<Held> {
  const store = memoryStore()
  const away = { isCurrent: true, isFailing: false }
  let count = 0
  let waiting: (() => void)[] = []
  const home = await startProcess({
    store: withMethods(store, {
      isCurrent: () => away.isCurrent && store.isCurrent(),
      async read(id) {
        count += 1
        const found = await store.read(id)
        await new Promise<void>((resolve) => waiting.push(resolve))
        if (away.isFailing) throw new StoreError('ERR_STORE_TIMEOUT', 'The store hangs.')
        return found
      },
    }),
  })
  return {
    ...{ home, store, away },
    asked: () => count,
    letGo() {
      const all = waiting
      waiting = []
      for (const one of all) one()
    },
  }
}

describe('loads of one credential at the same moment', () => {
  it('ask the store once, and share the session', async () => {
    const { home, asked, letGo } = await held()
    const { credential } = await home.signIn()
    const loads = Array.from({ length: 100 }, () => home.sessions.load(credential))
    await settled()
    expect(asked()).toBe(1)
    letGo()
    const sessions = new Set((await Promise.all(loads)).map((loaded) => loaded?.session))
    expect(sessions.size).toBe(1)
    expect([...sessions][0]?.identity?.userId).toBe('anna')
  })

  it('P1: share nothing that was read before an end that was acknowledged since', async () => {
    for (const end of ['end', 'revokeUser', 'revokeAll'] as const) {
      const { home, asked, letGo } = await held()
      const { credential, session } = await home.signIn()
      const before = home.sessions.load(credential)
      await settled()
      if (end === 'end') await home.sessions.end(session.sid)
      else if (end === 'revokeAll') await home.sessions.revokeAll()
      else await home.sessions.revokeUser({ authenticator: 'users-file', userId: 'anna' })
      const after = home.sessions.load(credential)
      await settled()
      expect(asked(), end).toBe(2)
      letGo()
      // Who asked before the end may be told either; who asked after it may not.
      await before
      expect(await after, end).toBeNull()
    }
  })

  it('share nothing while changes may be missing', async () => {
    const { home, away, asked, letGo } = await held()
    const { credential } = await home.signIn()
    const first = home.sessions.load(credential)
    away.isCurrent = false
    const second = home.sessions.load(credential)
    await settled()
    expect(asked()).toBe(2)
    letGo()
    expect([await first, await second].every((loaded) => loaded !== null)).toBe(true)
  })

  it('P9: do not share that there is no session: it may have begun since', async () => {
    const { home, store, letGo } = await held()
    const other = await startProcess({ store, keyring: home.keyring, clock: home.clock })
    const anonymous = home.sessions.beginAnonymous()
    const before = home.sessions.load(anonymous)
    await settled()
    expect((await other.sessions.start(anonymous))?.session.version).toBe(1)
    const after = home.sessions.load(anonymous)
    const turns = setInterval(letGo, 1)
    try {
      await before
      expect((await after)?.session.version).toBe(1)
    } finally {
      clearInterval(turns)
    }
  })

  it('P5: share that the store cannot tell, and ask anew next time', async () => {
    const { home, away, asked, letGo } = await held()
    const { credential } = await home.signIn()
    away.isFailing = true
    const loads = Array.from({ length: 10 }, () => home.sessions.load(credential).catch((error) => error))
    await settled()
    letGo()
    for (const outcome of await Promise.all(loads)) expect(outcome).toBeInstanceOf(StoreError)
    expect(asked()).toBe(1)
    away.isFailing = false
    const again = home.sessions.load(credential)
    await settled()
    letGo()
    expect((await again)?.session.identity?.userId).toBe('anna')
  })
})
