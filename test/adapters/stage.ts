/** A server, its store, a clock, and browsers in front of it. */
import { createSessions, type Sessions } from '../../src/adapters/sessions.ts'
import type { SessionsOptions } from '../../src/adapters/sessions-options.ts'
import type { SessionEvent } from '../../src/core/events.ts'
import { Clock, secret } from '../core/samples.ts'
import { type WatchedStore, watchedStore } from '../gateway/watched-store.ts'
import { Browser, origin } from './browser.ts'
import { type Data, Gates } from './routes.ts'
import type { StartServer } from './servers.ts'

export interface Stage extends AsyncDisposable {
  readonly port: number
  readonly clock: Clock
  readonly gates: Gates
  readonly store: WatchedStore
  readonly sessions: Sessions<Data>
  readonly events: SessionEvent[]
  browser(): Browser
}

export async function stage(
  start: StartServer,
  options: Partial<SessionsOptions<Data>> = {},
): Promise<Stage> {
  const clock = new Clock()
  const gates = new Gates()
  const store = watchedStore(clock.now)
  const events: SessionEvent[] = []
  const sessions = await createSessions<Data>({
    store: store.store,
    secret,
    origin,
    signInPage: '/sign-in',
    now: clock.now,
    onEvent: (event) => events.push(event),
    ...options,
  })
  const server = await start(sessions, gates)
  return {
    ...{ port: server.port, clock, gates, store, sessions, events },
    browser: () => new Browser(server.port),
    async [Symbol.asyncDispose]() {
      store.away = false
      await server.close()
      await sessions.close()
    },
  }
}
