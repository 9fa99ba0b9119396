import { expect, it, onTestFinished } from 'vitest'
import { fetchSessions } from '../../src/adapters/fetch.ts'
import type { RequestSession } from '../../src/adapters/request-session.ts'
import { createSessions } from '../../src/adapters/sessions.ts'
import { gate } from '../core/samples.ts'
import { watchedStore } from '../gateway/watched-store.ts'

const origin = 'http://localhost:3000'

/** Somebody signed in at a server of fetch handlers, and how to ask it in their name. */
async function signedIn() {
  const watched = watchedStore()
  const sessions = await createSessions({ store: watched.store, origin })
  onTestFinished(() => sessions.close())
  const { respond } = fetchSessions(sessions)
  const ask = (cookie: string, handler: (session: RequestSession) => Promise<void>): Promise<Response> =>
    respond(new Request(`${origin}/`, { headers: { cookie } }), async (session) => {
      await handler(session)
      return new Response()
    })
  const response = await ask('', async (session) => void (await session.signIn({ userId: 'anna' })))
  const [cookie = ''] = response.headers.getSetCookie()[0]?.split(';') ?? []
  return { watched, ask: (handler: (session: RequestSession) => Promise<void>) => ask(cookie, handler) }
}

it('a socket that is held only after its session was ended hears of it at once', async () => {
  const { ask } = await signedIn()
  const loading = gate()
  const ended = Promise.withResolvers<string>()
  // What the socket will say is loaded first; meanwhile the person signs out elsewhere.
  const socket = ask(async (session) => {
    await loading.passed
    session.hold(ended.resolve)
  })
  await ask((session) => session.signOut())
  loading.open()
  await socket
  expect(await ended.promise).toBe('signed-out')
})

it('a socket is held without a question to the store where the session is known', async () => {
  const { watched, ask } = await signedIn()
  await ask(async () => {})
  watched.calls.clear()
  await ask(async (session) => void session.hold(() => {}))
  await new Promise(setImmediate)
  expect([...watched.calls]).toEqual([])
})

it('a socket of somebody who has just signed in stays open', async () => {
  const { ask } = await signedIn()
  let ended: string | null = null
  await ask(async (session) => {
    await session.signIn({ userId: 'ben' })
    session.hold((reason) => {
      ended = reason
    })
  })
  await new Promise(setImmediate)
  await new Promise(setImmediate)
  expect(ended).toBeNull()
})
