/** Sessions in Fastify 5. */
import { Readable } from 'node:stream'
import type {
  FastifyInstance,
  FastifyPluginCallback,
  FastifyReply,
  FastifyRequest,
  preHandlerAsyncHookHandler,
} from 'fastify'
import { uncached } from './answer.ts'
import type { Answer } from './incoming.ts'
import { nodeRequest } from './node-request.ts'
import type { RequestSession, SessionData } from './request-session.ts'
import type { Sessions } from './sessions.ts'
import type { Visit } from './visit.ts'

export { type UpgradeOptions, upgradeSession } from './node-upgrade.ts'

/** What a Fastify app registers. */
export interface FastifySessions<Data extends SessionData> {
  /** Register it before the routes that ask for the session. */
  readonly plugin: FastifyPluginCallback
  /** The session of a request that came through `plugin`. */
  sessionOf(request: FastifyRequest): RequestSession<Data>
  /** Lets only those on who are signed in, with one of the roles if some are named. */
  requireSignIn(options?: { readonly roles?: readonly string[] }): preHandlerAsyncHookHandler
}

/** The sessions as a Fastify plugin. A reply that is hijacked carries no cookie: then call `session.save()` before. */
export function fastifySessions<Data extends SessionData>(sessions: Sessions<Data>): FastifySessions<Data> {
  const key = Symbol('visit')
  const lines = Symbol('cookies')
  /** The cookies that the reply tells; `null` while it can still wait. */
  type Carrier = FastifyRequest & { [key]?: Visit<Data> | null; [lines]?: readonly string[] | null }
  // Those whose reply must wait.
  const waiting = new WeakSet<FastifyRequest>()
  const visitOf = (request: Carrier): Visit<Data> | null => request[key] ?? null

  function sessionOf(request: FastifyRequest): RequestSession<Data> {
    const session = visitOf(request)?.session
    if (session === undefined) throw new TypeError('sessionOf(request): register(plugin) comes before it.')
    return session
  }

  function plugin(app: FastifyInstance, _options: unknown, done: () => void): void {
    app.decorateRequest(key, null)
    app.decorateRequest(lines, null)

    app.addHook('onRequest', (request: Carrier, reply, next) => {
      const arrive = (visit: Visit<Data>): void => {
        if (visit.refusal !== null) {
          send(reply, visit.refusal)
          return
        }
        request[key] = visit
        visit.onWork(() => {
          waiting.add(request)
          return request[lines] === null && !reply.raw.headersSent
        })
        next()
      }
      const fail = (error: unknown): void => {
        const answer = sessions.answerTo(error)
        if (answer === null) next(error as Error)
        else send(reply, answer)
      }
      const opened = sessions.open(nodeRequest(request.raw, () => request.ip, request.originalUrl))
      if (opened instanceof Promise) opened.then(arrive, fail)
      else arrive(opened)
    })

    app.addHook('onSend', (request: Carrier, reply, payload, next) => {
      const visit = visitOf(request)
      // An error is sent by the hooks a second time: what was told with the reply that failed is told with its page.
      const before = request[lines] ?? []
      // What an app's own hook sets behind this one nobody would save.
      request[lines] = before
      if (visit === null || !waiting.has(request)) return next(null, payload)
      visit.settle(reply.statusCode).then(({ cookies, answer, fault }) => {
        if (answer !== null) return next(null, replaced(reply, payload, answer))
        const all = [...before, ...cookies]
        request[lines] = all
        tell(reply, all)
        if (fault === undefined) next(null, payload)
        else next(fault as Error)
      }, next)
    })
    done()
  }

  // Its hooks are for the whole app, as those of any plugin that is wrapped in fastify-plugin.
  return {
    sessionOf,
    plugin: Object.assign(plugin, { [Symbol.for('skip-override')]: true }),
    requireSignIn: (options) => async (request, reply) => {
      const answer = sessionOf(request).require(options)
      if (answer !== null) return send(reply, answer)
    },
  }
}

function send(reply: FastifyReply, { status, headers, body }: Answer): FastifyReply {
  return reply.code(status).headers(headers).send(body)
}

/** What is sent in place of the payload. */
function replaced(reply: FastifyReply, payload: unknown, { status, headers, body }: Answer): string {
  for (const name of Object.keys(reply.getHeaders())) reply.removeHeader(name)
  if (payload instanceof Readable) payload.destroy()
  reply.code(status).headers(headers)
  return body
}

/** Adds those that are not there yet. */
function tell(reply: FastifyReply, cookies: readonly string[]): void {
  if (cookies.length === 0) return
  const there = [reply.getHeader('set-cookie') ?? []].flat()
  for (const line of cookies) if (!there.includes(line)) reply.header('set-cookie', line)
  reply.header('cache-control', uncached(String(reply.getHeader('cache-control') ?? '')))
}
