/** Holdfast's sessions for the app that all libraries serve. */
import { createSessions, type RequestSession, type Sessions } from '../../src/adapters/index.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { redisStore } from '../../src/stores/redis.ts'
import { type AppSession, redisUrl, secret, time } from './session-app.ts'

export interface Data {
  a: string
  b: string
}

// Longer than a measurement: its cookie shall be the newest all the while, as a browser's is.
const rotateAfter = 3_600_000
let ahead = 0
time.add(() => {
  ahead += 2 * rotateAfter
})

const now = (): number => Date.now() + ahead

export const sessions: Sessions<Data> = await createSessions<Data>({
  store: redisUrl === '' ? memoryStore({ now }) : redisStore({ url: redisUrl }),
  secret,
  origin: 'http://localhost:3000',
  policy: { rotateAfter },
  now,
})

export function appSession(session: RequestSession<Data>): AppSession {
  return {
    user: () => session.identity?.userId ?? null,
    get: (key) => session.get(key as 'a'),
    set: (key, value) => session.set(key as 'a', value),
    async signIn(user) {
      await session.signIn({ userId: user })
    },
    signOut: () => session.signOut(),
    // It does so by itself, after a time.
    renew: () => undefined,
  }
}
