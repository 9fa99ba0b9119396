import { describe, expect, it } from 'vitest'
import { Clock } from '../core/samples.ts'
import { type WatchedStore, watchedStore } from '../gateway/watched-store.ts'
import { legacyStage, personOf } from './legacy-stage.ts'
import { servers } from './servers.ts'
import { stage } from './stage.ts'

/** The store is away for as many calls that would end a session. */
function failing(store: WatchedStore, times: number): void {
  let left = times
  store.before = async (method) => {
    store.away = (method === 'end' || method === 'revoke') && left-- > 0
  }
}

function healed(store: WatchedStore): void {
  store.before = null
  store.away = false
}

describe.each(Object.entries(servers))('%s', (_, start) => {
  it.each(['signOut', 'signOutEverywhere', 'endDevice'])(
    'P1: acknowledges no end that the store did not take, though the handler does: %s',
    async (how) => {
      await using at = await stage(start)
      const browser = at.browser()
      await browser.post('/sign-in')
      failing(at.store, 1)
      const { status, cookies, text } = await browser.post(`/leave?how=${how}`)
      healed(at.store)
      expect([status, cookies, JSON.parse(text).code]).toEqual([503, [], 'unavailable'])
      expect(await browser.user()).toBe('anna')
    },
  )

  it('P1: acknowledges what the store took when the handler tried again', async () => {
    await using at = await stage(start)
    const browser = at.browser()
    await browser.post('/sign-in')
    failing(at.store, 1)
    const { status } = await browser.post('/leave?how=signOut&how=signOut')
    healed(at.store)
    expect([status, browser.cookie()]).toEqual([204, ''])
  })

  it('P1: acknowledges an end that came with signing in as somebody else', async () => {
    await using at = await stage(start)
    const browser = at.browser()
    await browser.post('/sign-in')
    failing(at.store, 1)
    const { status } = await browser.post('/leave?how=signOut&how=signIn')
    healed(at.store)
    expect([status, await browser.user()]).toEqual([204, 'ben'])
  })

  it('P1: acknowledges no end of one session because another one was ended', async () => {
    await using at = await stage(start)
    const other = at.browser()
    await other.post('/sign-in')
    const browser = at.browser()
    await browser.post('/sign-in')
    failing(at.store, 1)
    const { status } = await browser.post('/leave?how=endDevice&how=endOther')
    healed(at.store)
    expect([status, await browser.user(), await other.user()]).toEqual([503, 'anna', null])
  })
})

describe('express-session', () => {
  it('P1: waits for an end that nobody waits for, and acknowledges it only then', async () => {
    const clock = new Clock()
    const store = watchedStore(clock.now)
    await using at = await legacyStage(
      ({ session }, what) => {
        if (what === 'in') session.user = 'anna'
        if (what === 'out') session.destroy()
        return session?.user
      },
      { sessions: { store: store.store, now: clock.now }, session: { personOf } },
    )
    const browser = at.browser()
    await browser.post('/in')
    failing(store, 1)
    expect((await browser.post('/out')).status).toBe(503)
    healed(store)
    expect(await browser.json('/who')).toBe('anna')
    expect([(await browser.post('/out')).status, browser.cookie()]).toEqual([200, ''])
  })

  it.each(['destroy', 'regenerate'] as const)(
    'P1: answers %s with 503 where the store did not take it, whatever the callback makes of it',
    async (how) => {
      const clock = new Clock()
      const store = watchedStore(clock.now)
      await using at = await legacyStage(
        async ({ session }, what) => {
          if (what === 'in') session.user = 'anna'
          if (what === 'out') await new Promise<void>((done) => session[how](() => done()))
          return session.user
        },
        { sessions: { store: store.store, now: clock.now }, session: { personOf } },
      )
      const browser = at.browser()
      await browser.post('/in')
      failing(store, 1)
      const { status, cookies } = await browser.post('/out')
      healed(store)
      expect([status, cookies]).toEqual([503, []])
      expect(await browser.json('/who')).toBe('anna')
    },
  )
})
