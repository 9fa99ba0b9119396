import { expect, it } from 'vitest'
import { createSessions } from '../../src/adapters/sessions.ts'
import { StoreError } from '../../src/core/errors.ts'
import { secret, settled } from '../core/samples.ts'
import { watchedStore } from '../gateway/watched-store.ts'
import { origin } from './browser.ts'
import { legacyStage, personOf } from './legacy-stage.ts'

it('P5: a sign-in whose values cannot be saved is answered 503 without a cookie, and leaves no session behind', async () => {
  const watched = watchedStore()
  const policy = { perAccount: { most: 1, whenMore: 'refuse' } } as const
  const sessions = await createSessions<{ theme: string }>({ store: watched.store, secret, origin, policy })
  const signIn = async (): Promise<{ isIn: boolean; status: number; cookies: number }> => {
    const headers: Record<string, string> = { origin }
    const visit = await sessions.open({
      ...{ method: 'POST', target: '/', address: '' },
      header: (name) => headers[name],
    })
    const isIn = await visit.session.signIn({ userId: 'anna' })
    if (isIn) visit.session.set('theme', 'dark')
    const { cookies, answer } = await visit.settle(200)
    return { isIn, status: answer?.status ?? 200, cookies: cookies.length }
  }
  watched.before = async (method) => {
    if (method === 'writeState') throw new StoreError('ERR_STORE_TIMEOUT', 'No answer.')
  }
  expect(await signIn()).toEqual({ isIn: true, status: 503, cookies: 0 })
  watched.before = null
  await settled()
  expect(await sessions.manager.listUser({ userId: 'anna', authenticator: 'app' })).toEqual([])
  expect(await signIn()).toEqual({ isIn: true, status: 200, cookies: 1 })
  await sessions.close()
})

it('P5: nor does one of a moved app, whose `req.session` is saved once more after it', async () => {
  const watched = watchedStore()
  let isBroken = true
  const policy = { perAccount: { most: 1, whenMore: 'refuse' } } as const
  await using at = await legacyStage(
    async ({ session }) => {
      Object.assign(session, { user: 'anna' })
      // As Passport does, before it calls back.
      await new Promise<void>((resolve, reject) =>
        session.save((error) => (error ? reject(error) : resolve())),
      )
      Object.assign(session, { theme: 'dark' })
      watched.before = async (method) => {
        if (isBroken && method === 'writeState') throw new StoreError('ERR_STORE_TIMEOUT', 'No answer.')
      }
    },
    { sessions: { store: watched.store, policy }, session: { personOf } },
  )
  const lost = await at.browser().post('/')
  expect([lost.status, lost.cookies]).toEqual([503, []])
  watched.before = null
  await settled()
  expect(await at.sessions.manager.listUser({ userId: 'anna', authenticator: 'app' })).toEqual([])
  isBroken = false
  expect((await at.browser().post('/')).status).toBe(200)
})
