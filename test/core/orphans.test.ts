import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Creation, SessionStore, StoredSession } from '../../src/core/contracts.ts'
import { StoreError } from '../../src/core/errors.ts'
import type { Issued } from '../../src/core/manager.ts'
import type { SessionLimit } from '../../src/core/session-limit.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { anna, Clock, day, device, gate, type Process, settled, startProcess } from './samples.ts'

// Pauses between attempts are gone through by the hand of the test.
beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
afterEach(() => void vi.useRealTimers())

const one: SessionLimit = { most: 1, whenFull: 'refuse' }

interface Stage extends Process {
  /** While set, a call of this name is made and told to have failed, or is not made at all. */
  readonly failing: Map<string, 'unconfirmed' | 'refused'>
  /** How often a session was to be ended. */
  ends(): number
  ask(replaces?: Issued['session'] | null, limit?: SessionLimit | null): Promise<Issued | 'full' | null>
  live(): Promise<number>
}

/** An engine on a store that can lose the answers of some calls. */
async function openStage(create?: SessionStore['create']): Promise<Stage> {
  const clock = new Clock()
  const store = memoryStore({ now: clock.now })
  const failing: Stage['failing'] = new Map()
  let ends = 0
  const lossy = new Proxy(store, {
    get(target, name: keyof SessionStore) {
      const method = (name === 'create' && create ? create.bind(target) : target[name]) as unknown
      if (typeof method !== 'function') return method
      return (...values: unknown[]) => {
        if (name === 'end') ends++
        const how = failing.get(name)
        if (how === undefined) return method(...values)
        const made = how === 'unconfirmed' ? Promise.resolve(method(...values)) : Promise.resolve()
        return made.then(() => Promise.reject(new StoreError('ERR_STORE_TIMEOUT', 'No answer.')))
      }
    },
  })
  const home = await startProcess({ clock, store: lossy })
  return {
    ...{ ...home, failing },
    ends: () => ends,
    ask: async (replaces = null, limit = one) =>
      home.sessions.signInWithin(
        { identity: anna, remember: false, device, begun: await home.sessions.begin(), replaces },
        limit,
      ),
    live: async () => (await home.sessions.listUser(anna)).length,
  }
}

describe('a sign-in that fails', () => {
  it('P5: leaves no session behind that nobody holds: the next finds room', async () => {
    const stage = await openStage()
    stage.failing.set('create', 'unconfirmed')
    await expect(stage.ask()).rejects.toBeInstanceOf(StoreError)
    stage.failing.clear()
    await settled()
    expect(await stage.live()).toBe(0)
    expect(await stage.ask()).toMatchObject({ session: { identity: anna } })
  })

  it('P5: leaves none behind either where the work of the anonymous session could not be carried over', async () => {
    const stage = await openStage()
    const started = await stage.sessions.start(stage.sessions.beginAnonymous())
    const before = started?.session ?? null
    const capability = before === null ? null : stage.sessions.capability(before)
    await stage.sessions.state.of(capability ?? '')?.session.set('cart', 1)
    stage.failing.set('writeState', 'refused')
    await expect(stage.ask(before)).rejects.toBeInstanceOf(StoreError)
    stage.failing.clear()
    await settled()
    expect(await stage.live()).toBe(0)
    expect(await stage.ask(before)).toMatchObject({ session: { identity: anna } })
  })

  it('P5: ends what it left as soon as the store is back, and asks it no more often than every two seconds', async () => {
    const stage = await openStage()
    stage.failing.set('create', 'unconfirmed').set('end', 'refused')
    for (let attempt = 0; attempt < 3; attempt++)
      await expect(stage.ask(null, null)).rejects.toBeInstanceOf(StoreError)
    await settled()
    expect(stage.ends()).toBe(1)
    await vi.advanceTimersByTimeAsync(20_000)
    expect(stage.ends()).toBe(11)
    expect(await stage.live()).toBe(3)
    stage.failing.clear()
    await vi.advanceTimersByTimeAsync(2_000)
    await settled()
    expect(await stage.live()).toBe(0)
    expect(stage.ends()).toBe(14)
  })

  it('P5: takes no room of the next sign-in after the store is back, however soon that comes', async () => {
    const stage = await openStage()
    stage.failing.set('create', 'unconfirmed').set('end', 'refused')
    await expect(stage.ask()).rejects.toBeInstanceOf(StoreError)
    await settled()
    await expect(stage.ask()).rejects.toBeInstanceOf(StoreError)
    expect(await stage.live()).toBe(1)
    stage.failing.clear()
    const oldest: SessionLimit = { most: 1, whenFull: 'replace-oldest' }
    const held = await stage.ask(null, oldest)
    expect(held).toMatchObject({ session: { identity: anna } })
    await vi.advanceTimersByTimeAsync(10_000)
    expect(await stage.live()).toBe(1)
  })

  it('P2: is not made by its own creation that arrives late, after its end', async () => {
    const arriving = gate()
    const late: Promise<Creation>[] = []
    let isFirst = true
    const stage = await openStage(async function slow(this: SessionStore, record: StoredSession, limit) {
      if (!isFirst || record.user === null) return this.create(record, limit)
      isFirst = false
      late.push(arriving.passed.then(() => this.create(record, limit)))
      throw new StoreError('ERR_STORE_TIMEOUT', 'No answer.')
    })
    await expect(stage.ask()).rejects.toBeInstanceOf(StoreError)
    await settled()
    arriving.open()
    expect(await Promise.all(late)).toEqual(['ended'])
    expect(await stage.live()).toBe(0)
  })

  it('gives up what counts no more because it is past its deadline', async () => {
    const stage = await openStage()
    stage.failing.set('create', 'unconfirmed').set('end', 'refused')
    await expect(stage.ask()).rejects.toBeInstanceOf(StoreError)
    await settled()
    stage.clock.advance(day)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(stage.ends()).toBe(1)
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('abandon()', () => {
  it('ends a session whose credential nobody was given, also where the store is away now', async () => {
    const stage = await openStage()
    const issued = await stage.signIn()
    stage.failing.set('end', 'refused')
    stage.sessions.abandon(issued.session)
    await settled()
    expect(await stage.live()).toBe(1)
    stage.failing.clear()
    await vi.advanceTimersByTimeAsync(2_000)
    expect(await stage.live()).toBe(0)
    expect(await stage.sessions.load(issued.credential)).toBeNull()
  })
})
