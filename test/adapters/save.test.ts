import { describe, expect, it } from 'vitest'
import type { Incoming } from '../../src/adapters/incoming.ts'
import type { RequestSession } from '../../src/adapters/request-session.ts'
import { createSessions } from '../../src/adapters/sessions.ts'
import { Clock, secret } from '../core/samples.ts'
import { watchedStore } from '../gateway/watched-store.ts'
import { origin } from './browser.ts'

type Session = RequestSession<Record<string, unknown>>

function request(cookie = ''): Incoming {
  const headers: Readonly<Record<string, string>> = { origin, cookie }
  return { method: 'POST', target: '/', address: '', header: (name) => headers[name] }
}

/** What is kept of a request that saves, and does something while the store writes, which may be told to fail. */
async function kept(
  before: (session: Session) => void,
  meanwhile: (session: Session) => unknown,
  isAway = false,
): Promise<readonly unknown[]> {
  const clock = new Clock()
  const store = watchedStore(clock.now)
  const sessions = await createSessions({ store: store.store, secret, origin, now: clock.now })
  const first = await sessions.open(request())
  first.session.set('old', 'kept')
  const [line = ''] = (await first.settle(200)).cookies
  const visit = await sessions.open(request(line.split(';')[0]))
  before(visit.session)
  let seen: unknown
  store.before = async (method) => {
    if (method !== 'writeState') return
    store.before = null
    seen = await meanwhile(visit.session)
    store.away = isAway
  }
  await visit.session.save().catch(() => undefined)
  store.away = false
  const { cookies } = await visit.settle(200)
  const cookie = (cookies[0] ?? line).split(';')[0]
  const { session } = await sessions.open(request(cookie))
  const all = [seen, Object.fromEntries(await session.entries()), await session.flashes()]
  await sessions.close()
  return all
}

const info = (text: string) => ({ kind: 'info', text })

describe('what is set while a save is under way', () => {
  it('P4: is kept, and so is what the save writes, which is seen meanwhile', async () => {
    const [seen, entries, flashes] = await kept(
      (session) => {
        session.set('a', 1)
        session.set('b', 1)
        session.flash('info', 'first')
      },
      (session) => {
        session.set('b', 2)
        session.set('c', 3)
        session.delete('old')
        session.flash('info', 'second')
        return session.get('a')
      },
    )
    expect([seen, entries, flashes]).toEqual([...[1, { a: 1, b: 2, c: 3 }], [info('first'), info('second')]])
  })

  it('P4: is kept where the save before fails, together with what that was to write', async () => {
    const [, entries] = await kept(
      (session) => session.set('a', 1),
      (session) => session.set('b', 2),
      true,
    )
    expect(entries).toEqual({ old: 'kept', a: 1, b: 2 })
  })

  it('clears what the save writes where it clears', async () => {
    const [, entries] = await kept(
      (session) => session.set('a', 1),
      (session) => {
        session.clear()
        session.set('b', 2)
      },
    )
    expect(entries).toEqual({ b: 2 })
  })

  it('is not cleared by a save that clears', async () => {
    const [, entries] = await kept(
      (session) => session.clear(),
      (session) => session.set('old', 'new'),
    )
    expect(entries).toEqual({ old: 'new' })
  })

  it('P3: stays in the session of who signed in meanwhile, whatever the one before holds', async () => {
    const [, entries] = await kept(
      (session) => session.set('a', 1),
      async (session) => {
        await session.signIn({ userId: 'anna' })
        session.set('a', 1)
      },
    )
    expect(entries).toMatchObject({ a: 1, old: 'kept' })
  })
})
