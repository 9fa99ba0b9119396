/**
 * `req.session` as express-session has it, kept by Holdfast: for apps and middleware, such as Passport, that were written
 * for it. What is different is listed in `docs/express-session.md`.
 */
import type { Request, RequestHandler } from 'express'
import { holdResponse, sendAnswer } from './held-response.ts'
import { LegacySession, type PersonOf } from './legacy-session.ts'
import { nodeRequest } from './node-request.ts'
import type { RequestSession, SessionData } from './request-session.ts'
import type { Sessions } from './sessions.ts'
import type { Visit } from './visit.ts'

export type { LegacyCallback, LegacyCookie, LegacyData, LegacySession, PersonOf } from './legacy-session.ts'

/** What `session` cannot know by itself. */
export interface ExpressSessionOptions {
  /**
   * Who is signed in, by what the app or its middleware keeps in `req.session`. Then a sign-in by them is one of
   * Holdfast's: a new session, that can be listed, revoked, and asked for by `requireSignIn`. For Passport:
   * `({ passport }) => (passport?.user === undefined ? null : { userId: String(passport.user) })`. @default null
   */
  readonly personOf?: PersonOf | null
}

/** What the middleware puts on each request. */
export interface WithSession {
  session: LegacySession
  /** Names the session, and is no credential; `''` while nothing is stored of it. */
  sessionID: string
}

/** Middleware in the place of express-session's. Use it for the whole app, where that stood. */
export function session<Data extends SessionData>(
  sessions: Sessions<Data>,
  { personOf = null }: ExpressSessionOptions = {},
): RequestHandler {
  async function arrive(visit: Visit<Data>, request: Request): Promise<() => Promise<void>> {
    const legacy = await LegacySession.open(visit.session as unknown as RequestSession, personOf, (next) => {
      Object.assign(request, { session: next })
    })
    Object.defineProperty(request, 'sessionID', {
      configurable: true,
      enumerable: true,
      get: () => visit.session.id ?? '',
    })
    Object.assign(request, { session: legacy })
    return async () => {
      const { session: last } = request as unknown as Partial<WithSession>
      if (last instanceof LegacySession) await last.keep()
    }
  }

  return (request, response, next) => {
    // Used twice, as when a router has it too.
    if ((request as Partial<WithSession>).session !== undefined) return next()
    const fail = (error: unknown): void => {
      const answer = sessions.answerTo(error)
      if (answer === null) next(error)
      else sendAnswer(response, answer)
    }
    const begin = async (): Promise<void> => {
      const visit = await sessions.open(nodeRequest(request, () => request.ip, request.originalUrl))
      if (visit.refusal !== null) return sendAnswer(response, visit.refusal)
      const keep = await arrive(visit, request)
      let isOpen = true
      visit.onWork(() => isOpen)
      holdResponse(response, {
        async settle(status) {
          try {
            await keep()
            isOpen = false
          } catch (error) {
            const answer = sessions.answerTo(error)
            if (answer === null) throw error
            return { cookies: [], answer }
          }
          // It keeps what a failed request set, as express-session does: all is saved by now.
          return visit.settle(status)
        },
        onError: next,
      })
      next()
    }
    begin().catch(fail)
  }
}
