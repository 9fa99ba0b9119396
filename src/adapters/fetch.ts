/** Sessions for whatever answers a `Request` with a `Response`: Next.js, Astro, SvelteKit, Deno, Bun, Workers. */
import { uncached } from './answer.ts'
import type { Answer, Incoming, Outgoing } from './incoming.ts'
import type { RequestSession, SessionData } from './request-session.ts'
import type { Sessions } from './sessions.ts'
import type { Visit } from './visit.ts'

/** What a fetch handler is wrapped in. */
export interface FetchSessions<Data extends SessionData> {
  /** The handler's response with what the session adds to it. For middleware; `address` is the client's, if known. */
  respond(
    request: Request,
    handler: (session: RequestSession<Data>) => Response | Promise<Response>,
    address?: string,
  ): Promise<Response>
  /** A handler that is given the session after the request, and whatever else its caller passes. */
  withSession<Rest extends readonly unknown[]>(
    handler: (request: Request, session: RequestSession<Data>, ...rest: Rest) => Response | Promise<Response>,
  ): (request: Request, ...rest: Rest) => Promise<Response>
  /** The response for whom `session.require` does not let on; `null` if the handler may go on. */
  requireSignIn(
    session: RequestSession<Data>,
    options?: { readonly roles?: readonly string[] },
  ): Response | null
}

/** What an app says of all its fetch handlers. */
export interface FetchOptions {
  /**
   * What answers an error that a handler throws, and a value of its that cannot be kept. What is due of the session's cookie
   * goes with it: without, the error is thrown on, and a sign-in before it is lost to the browser.
   */
  readonly onError?: (error: unknown) => Response | Promise<Response>
}

/** The sessions for fetch handlers. */
export function fetchSessions<Data extends SessionData>(
  sessions: Sessions<Data>,
  { onError }: FetchOptions = {},
): FetchSessions<Data> {
  const failed = async (error: unknown): Promise<Response> => {
    const answer = sessions.answerTo(error)
    if (answer !== null) return answerResponse(answer)
    if (onError === undefined) throw error
    return onError(error)
  }

  async function answered(
    visit: Visit<Data>,
    handler: (session: RequestSession<Data>) => Response | Promise<Response>,
  ): Promise<Response> {
    const progress = { hasWork: false, isDone: false }
    visit.onWork(() => {
      progress.hasWork = true
      return !progress.isDone
    })
    const end = async (response: Response): Promise<Response> => {
      progress.isDone = true
      if (!progress.hasWork) return response
      const outgoing = await visit.settle(response.status)
      if (outgoing.fault === undefined) return settled(response, outgoing)
      void response.body?.cancel().catch(() => undefined)
      return settled(await failed(outgoing.fault), outgoing)
    }
    let response: Response
    try {
      response = await handler(visit.session)
    } catch (thrown) {
      // As frameworks have it for redirects.
      if (thrown instanceof Response) throw await end(thrown)
      response = await failed(thrown)
    }
    return end(response)
  }

  const respond: FetchSessions<Data>['respond'] = async (request, handler, address = '') => {
    let visit: Visit<Data>
    try {
      visit = await sessions.open(fetchRequest(request, address))
    } catch (error) {
      return failed(error)
    }
    return visit.refusal === null ? answered(visit, handler) : answerResponse(visit.refusal)
  }

  return {
    respond,
    withSession:
      (handler) =>
      (request, ...rest) =>
        respond(request, (session) => handler(request, session, ...rest)),
    requireSignIn(session, options) {
      const answer = session.require(options)
      return answer === null ? null : answerResponse(answer)
    },
  }
}

/** A fetch `Request` as the library reads it. */
export function fetchRequest(request: Request, address: string): Incoming {
  return new FetchRequest(request, address)
}

/** A class for its getter, as that of `nodeRequest`. The target is seldom asked for, and costs more than all else. */
class FetchRequest implements Incoming {
  readonly method: string
  readonly address: string
  readonly #request: Request

  constructor(request: Request, address: string) {
    this.method = request.method
    this.address = address
    this.#request = request
  }

  get target(): string {
    const { pathname, search } = new URL(this.#request.url)
    return pathname + search
  }

  header(name: string): string | undefined {
    return this.#request.headers.get(name) ?? undefined
  }
}

/** An answer of the library's own as a `Response`. */
export function answerResponse({ status, headers, body }: Answer): Response {
  return new Response(body === '' ? null : body, { status, headers })
}

/** The response with its cookies, or the answer that takes its place. */
export function settled(response: Response, { cookies, answer }: Outgoing): Response {
  if (answer !== null) {
    // Whoever makes the body need not go on.
    void response.body?.cancel().catch(() => undefined)
    return answerResponse(answer)
  }
  if (cookies.length === 0) return response
  // A copy: the headers of a redirect, or of a response that was fetched, cannot be changed.
  const told = new Response(response.body, response)
  for (const line of cookies) told.headers.append('set-cookie', line)
  told.headers.set('cache-control', uncached(told.headers.get('cache-control') ?? ''))
  return told
}
