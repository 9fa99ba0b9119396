import { describe, expect, it } from 'vitest'
import type { SessionStore, StoreChange } from '../../src/core/contracts.ts'
import { liveSids } from '../../src/core/live-sids.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { type Process, startProcess, withMethods } from './samples.ts'

interface Replica {
  readonly isLive: (sid: string) => Promise<boolean>
  /** How often the store was asked. */
  asked(): number
}

/** A replica that hears of changes only when it asks whether it is current, as one beside another process does. */
async function replica(methods: (store: SessionStore) => Partial<SessionStore>): Promise<Process & Replica> {
  const store = memoryStore()
  const process = await startProcess({ store })
  process.clock.at = Date.now()
  let asked = 0
  const counted = withMethods(store, {
    async writeState(...call) {
      asked++
      return store.writeState(...call)
    },
  })
  const isLive = liveSids(withMethods(counted, methods(counted)))
  return { ...process, isLive, asked: () => asked }
}

function lateFeed(store: SessionStore): Partial<SessionStore> {
  const waiting: (() => void)[] = []
  return {
    watch: (listener) => store.watch((change: StoreChange) => waiting.push(() => listener(change))),
    isCurrent() {
      for (const deliver of waiting.splice(0)) deliver()
      return true
    },
  }
}

describe('which sids live', () => {
  it('is asked of the store once, until the session ends, wherever that was', async () => {
    const { sessions, signIn, isLive, asked } = await replica(lateFeed)
    const { session } = await signIn()
    for (let look = 0; look < 5; look++) expect(await isLive(session.sid)).toBe(true)
    expect(asked()).toBe(1)
    await sessions.end(session.sid)
    for (let look = 0; look < 3; look++) expect(await isLive(session.sid)).toBe(false)
    expect(await isLive('AAAAAAAAAAAAAAAAAAAAAA')).toBe(false)
  })

  it('is asked again after everyone, or a user, was revoked', async () => {
    const { sessions, signIn, isLive, clock } = await replica(lateFeed)
    for (const revoke of [
      () => sessions.revokeAll(),
      () => sessions.revokeUser({ authenticator: 'users-file', userId: 'anna' }),
    ]) {
      clock.at += 5
      const { session } = await signIn()
      expect(await isLive(session.sid)).toBe(true)
      await revoke()
      expect(await isLive(session.sid)).toBe(false)
    }
  })

  it('is asked each time while changes may not have been heard of', async () => {
    const { signIn, isLive, asked } = await replica(() => ({ isCurrent: () => false }))
    const { session } = await signIn()
    for (let look = 0; look < 3; look++) expect(await isLive(session.sid)).toBe(true)
    expect(asked()).toBe(3)
  })

  it('is not remembered of a session that ends while the store answers', async () => {
    let end: (() => Promise<unknown>) | null = null
    const { sessions, signIn, isLive } = await replica((store) => ({
      async writeState(...call) {
        const write = await store.writeState(...call)
        await end?.()
        end = null
        return write
      },
    }))
    const { session } = await signIn()
    end = () => sessions.end(session.sid)
    await isLive(session.sid)
    expect(await isLive(session.sid)).toBe(false)
  })
})
