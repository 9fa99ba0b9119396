/** An app behind `req.session` whose one handler a test writes, with a clock, on a memory store. */
import { createServer } from 'node:http'
import express, { type Request } from 'express'
import { type ExpressSessionOptions, session, type WithSession } from '../../src/adapters/express-session.ts'
import { createSessions, type Sessions } from '../../src/adapters/sessions.ts'
import type { SessionsOptions } from '../../src/adapters/sessions-options.ts'
import { HoldfastError } from '../../src/core/errors.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { Clock, secret } from '../core/samples.ts'
import { Browser, origin } from './browser.ts'
import { started } from './test-server.ts'

export type LegacyRequest = Request & WithSession
export type LegacyHandler = (request: LegacyRequest, what: string) => unknown

export interface LegacyStage extends AsyncDisposable {
  readonly clock: Clock
  readonly sessions: Sessions<object>
  browser(): Browser
  /** How many sessions the store holds that live. */
  stored(): Promise<number>
}

export interface LegacyStageOptions {
  readonly session?: ExpressSessionOptions<Request>
  readonly sessions?: Partial<SessionsOptions<object>>
}

/** Who is signed in is what `req.session.user` says. */
export const personOf: NonNullable<ExpressSessionOptions['personOf']> = ({ user }) =>
  typeof user === 'string' ? { userId: user } : null

/** Answers with what the handler gives back, as JSON; an error of ours with 500 and its code. */
export async function legacyStage(
  handle: LegacyHandler,
  options: LegacyStageOptions = {},
): Promise<LegacyStage> {
  const clock = new Clock()
  const store = memoryStore({ now: clock.now })
  const sessions = await createSessions<object>({
    ...{ store, secret, origin, now: clock.now },
    ...options.sessions,
  })
  const app = express()
  app.use(session(sessions, options.session))
  app.use(async (request, response) => {
    response.json((await handle(request as unknown as LegacyRequest, request.path.slice(1))) ?? null)
  })
  const onError: express.ErrorRequestHandler = (error, _request, response, _next) => {
    response.status(500).send(error instanceof HoldfastError ? error.code : String(error))
  }
  app.use(onError)
  const server = await started(createServer(app))
  return {
    ...{ clock, sessions },
    browser: () => new Browser(server.port),
    async stored() {
      let live = 0
      for await (const one of sessions.manager.listAll()) if (one.version > 0) live++
      return live
    },
    async [Symbol.asyncDispose]() {
      await server.close()
      await sessions.close()
    },
  }
}
