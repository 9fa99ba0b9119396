/** Sessions in Express 5. */
import type { NextFunction, Request, RequestHandler, Response } from 'express'
import { holdResponse, sendAnswer } from './held-response.ts'
import { nodeRequest } from './node-request.ts'
import type { RequestSession, SessionData } from './request-session.ts'
import type { Sessions } from './sessions.ts'
import type { Visit } from './visit.ts'

export { type UpgradeOptions, upgradeSession } from './node-upgrade.ts'

/** What an Express app uses. */
export interface ExpressSessions<Data extends SessionData> {
  /** Put it before everything that asks for the session, behind what is the same for everybody. */
  readonly middleware: RequestHandler
  /** The session of a request that came through `middleware`. */
  sessionOf(request: Request): RequestSession<Data>
  /** Lets only those on who are signed in, with one of the roles if some are named. */
  requireSignIn(options?: { readonly roles?: readonly string[] }): RequestHandler
}

/** The sessions as Express middleware. */
export function expressSessions<Data extends SessionData>(sessions: Sessions<Data>): ExpressSessions<Data> {
  const key = Symbol('session')
  type Carrier = { [key]?: RequestSession<Data> }

  function sessionOf(request: Request): RequestSession<Data> {
    const session = (request as Carrier)[key]
    if (session === undefined) throw new TypeError('sessionOf(request): use(middleware) comes before it.')
    return session
  }

  function arrive(visit: Visit<Data>, request: Request, response: Response, next: NextFunction): void {
    if (visit.refusal !== null) return sendAnswer(response, visit.refusal)
    Object.assign(request, { [key]: visit.session })
    visit.onWork(() => {
      if (response.headersSent) return false
      holdResponse(response, { settle: (status) => visit.settle(status), onError: next })
      return true
    })
    next()
  }

  return {
    sessionOf,

    middleware(request, response, next) {
      const fail = (error: unknown): void => {
        const answer = sessions.answerTo(error)
        if (answer === null) next(error)
        else sendAnswer(response, answer)
      }
      const opened = sessions.open(nodeRequest(request, () => request.ip, request.originalUrl))
      if (opened instanceof Promise) opened.then((visit) => arrive(visit, request, response, next), fail)
      else arrive(opened, request, response, next)
    },

    requireSignIn: (options) => (request, response, next) => {
      const answer = sessionOf(request).require(options)
      if (answer === null) next()
      else sendAnswer(response, answer)
    },
  }
}
