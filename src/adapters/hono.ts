/** Sessions in Hono. */
import type { Context, MiddlewareHandler } from 'hono'
import { uncached } from './answer.ts'
import { answerResponse, fetchRequest, settled } from './fetch.ts'
import type { Outgoing } from './incoming.ts'
import type { RequestSession, SessionData } from './request-session.ts'
import type { Sessions } from './sessions.ts'

/** What the middleware puts into the context: `c.var.session`. */
export interface SessionEnv<Data extends SessionData> {
  Variables: { session: RequestSession<Data> }
}

/** What a Hono app uses. */
export interface HonoSessions<Data extends SessionData> {
  /** Put it before everything that asks for the session, behind what is the same for everybody. */
  readonly middleware: MiddlewareHandler<SessionEnv<Data>>
  /** Lets only those on who are signed in, with one of the roles if some are named. */
  requireSignIn(options?: { readonly roles?: readonly string[] }): MiddlewareHandler<SessionEnv<Data>>
}

/**
 * The sessions as Hono middleware. `address` tells the client's, by the `getConnInfo` of the runtime or by a header that a
 * trusted proxy sets. @default () => ''
 */
export function honoSessions<Data extends SessionData>(
  sessions: Sessions<Data>,
  { address = () => '' }: { readonly address?: (context: Context) => string } = {},
): HonoSessions<Data> {
  return {
    async middleware(context, next) {
      try {
        const opened = sessions.open(fetchRequest(context.req.raw, address(context)))
        const visit = opened instanceof Promise ? await opened : opened
        if (visit.refusal !== null) return answerResponse(visit.refusal)
        const progress = { hasWork: false, isDone: false }
        visit.onWork(() => {
          progress.hasWork = true
          return !progress.isDone
        })
        context.set('session', visit.session)
        // What a handler throws is a response by then.
        await next()
        progress.isDone = true
        if (!progress.hasWork) return undefined
        const outgoing = await visit.settle(context.res.status)
        if (outgoing.fault !== undefined) throw faulty(context, outgoing)
        const response = settled(context.res, outgoing)
        if (response === context.res) return undefined
        // Hono would copy the headers of the one before.
        context.res = undefined
        context.res = response
        return undefined
      } catch (error) {
        const answer = sessions.answerTo(error)
        if (answer === null) throw error
        return answerResponse(answer)
      }
    },

    requireSignIn: (options) => async (context, next) => {
      const answer = context.var.session.require(options)
      if (answer !== null) return answerResponse(answer)
      await next()
      return undefined
    },
  }
}

/** The fault, for the app's `onError`: its response has the headers that the context has. */
function faulty(context: Context, { cookies, fault }: Outgoing): unknown {
  for (const line of cookies) context.header('set-cookie', line, { append: true })
  if (cookies.length > 0) context.header('cache-control', uncached(''))
  return fault
}
