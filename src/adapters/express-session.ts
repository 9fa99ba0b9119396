/**
 * `req.session` as express-session has it, kept by Holdfast: for apps and middleware, such as Passport, that were written
 * for it. What is different is listed in `docs/express-session.md`.
 */
import type { Request, RequestHandler } from 'express'
import { StateError } from '../core/errors.ts'
import { problemAnswer } from './answer.ts'
import { holdResponse, sendAnswer } from './held-response.ts'
import { KeptCookie } from './kept-cookie.ts'
import { KeptSession } from './kept-session.ts'
import { checkCookie, type LegacyCookieOptions, maxAgeOf } from './legacy-cookie.ts'
import { checkOptions, type ExpressSessionOptions } from './legacy-options.ts'
import type { LegacySession } from './legacy-session.ts'
import { nodeRequest } from './node-request.ts'
import type { RequestSession, SessionData } from './request-session.ts'
import type { Sessions } from './sessions.ts'
import type { Visit } from './visit.ts'

export type { LegacyCookieOptions } from './legacy-cookie.ts'
export type { ExpressSessionOptions, PersonOf } from './legacy-options.ts'
export type { LegacyCallback, LegacyCookie, LegacyData, LegacySession } from './legacy-session.ts'

/** What the middleware puts on each request. */
export interface WithSession {
  session: LegacySession
  /** Names the session, and is no credential; `''` while nothing is stored of it. */
  sessionID: string
}

const visited = Symbol('visit')

// One getter for all: with one of its own each request would have a hidden class of its own, and be slow from here on.
const sessionId = {
  configurable: true,
  enumerable: true,
  get(this: { [visited]?: Pick<Visit, 'session'> }): string {
    return this[visited]?.session.id ?? ''
  },
}

/**
 * Middleware in the place of express-session's. Use it for the whole app, where that stood. Throws `ConfigError`
 * (`ERR_CONFIG_INVALID`) for options that cannot be kept here, and says what to do.
 */
export function session<Data extends SessionData>(
  sessions: Sessions<Data>,
  options: ExpressSessionOptions<Request> = {},
): RequestHandler {
  checkOptions(options, sessions)
  const { cookie: facts, policy } = sessions
  const { personOf = null, rolling: isRolling = false, saveUninitialized: savesAll = false, unset } = options

  function cookieOptionsOf(request: Request): LegacyCookieOptions {
    const { cookie = {} } = options
    if (typeof cookie !== 'function') return cookie
    const made = cookie(request)
    checkCookie({ ...made }, facts, 'session({ cookie() })')
    return made
  }

  async function arrive(
    visit: Visit<Data>,
    request: Request,
    wanted: LegacyCookieOptions,
  ): Promise<() => Promise<void>> {
    const { lifetime } = visit
    const now = (): number => lifetime.now()
    const { path = '/' } = wanted
    let current: KeptSession | undefined
    const replace = (next: KeptSession | undefined): void => {
      current = next
      Object.assign(request, { session: next })
    }
    const legacy = await KeptSession.open({
      ...{ session: visit.session as unknown as RequestSession, lifetime, policy, personOf },
      ...{ isRolling, savesAll, replace },
      cookie() {
        const { present } = lifetime
        if (present === null) return new KeptCookie(facts, path, now, maxAgeOf(wanted, now()))
        if (!present.remember) return new KeptCookie(facts, path, now, null)
        const left = (visit.session.deadlines?.absoluteAt ?? 0) - now()
        return new KeptCookie(facts, path, now, present.idle, Math.min(present.idle, left))
      },
    })
    Object.defineProperty(Object.assign(request, { [visited]: visit }), 'sessionID', sessionId)
    replace(legacy)
    return async () => {
      const { session: last } = request as unknown as Partial<WithSession>
      if (last instanceof KeptSession) await KeptSession.keep(last)
      else if (unset === 'destroy' && current !== undefined) await KeptSession.end(current)
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
      const wanted = cookieOptionsOf(request)
      // Beside Express, as where Socket.IO uses it, there is only what Node says.
      const target = (request.originalUrl ?? request.url) || '/'
      if (!target.startsWith(wanted.path ?? '/')) return next()
      const visit = await sessions.open(nodeRequest(request, () => request.ip, target))
      if (visit.refusal !== null) return sendAnswer(response, visit.refusal)
      const keep = await arrive(visit, request, wanted)
      let isOpen = true
      visit.onWork(() => isOpen)
      holdResponse(response, {
        async settle(status) {
          try {
            await keep()
            isOpen = false
          } catch (error) {
            const isEnded = error instanceof StateError && error.code === 'ERR_SESSION_ENDED'
            const answer = isEnded ? problemAnswer('session-ended') : sessions.answerTo(error)
            if (answer !== null) {
              visit.abandon()
              return { cookies: [], answer }
            }
            return { ...(await visit.settle(500)), fault: error }
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
