/** URL sessions for the app: a token in the address finds state and nothing else, and never says who somebody is. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { SessionState, StateEngine } from '../../core/state.ts'
import type { UrlSessions } from '../../core/url-session.ts'
import { sendFault, sendJson } from './state-answer.ts'
import { isMap, readChanges } from './state-request.ts'
import { answerEntries, answerWrite } from './state-scope-answer.ts'

export interface UrlSessionCall {
  readonly state: StateEngine
  readonly urlSessions: UrlSessions
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly body: unknown
}

type Route = (call: UrlSessionCall, body: Body, who: SessionState | null) => Promise<void>

interface Body {
  readonly [name: string]: unknown
  readonly token: string | null
}

/** The paths and what answers them. A request without `Holdfast-Session` is that of somebody unknown. */
export const urlSessionRoutes: ReadonlyMap<string, (call: UrlSessionCall) => Promise<void>> = new Map([
  ['/url-session/ensure', asked(ensure)],
  ['/url-session/read', asked(read)],
  ['/url-session/write', asked(write)],
  ['/url-session/end', asked(end)],
])

function asked(route: Route): (call: UrlSessionCall) => Promise<void> {
  return async (call) => {
    const { state, request, response, body } = call
    if (!isMap(body) || (body.token !== undefined && body.token !== null && typeof body.token !== 'string')) {
      return sendFault(response, 400, { code: 'ERR_STATE_REQUEST', detail: '`token` must be a text.' })
    }
    const capability = request.headers['holdfast-session']
    const who = typeof capability === 'string' ? state.of(capability) : null
    // One that we did not make is not nobody's: what is made now would be open to everybody.
    if (capability !== undefined && who === null) return sendFault(response, 400, noSession)
    await route(call, { ...body, token: typeof body.token === 'string' ? body.token : null }, who)
  }
}

async function ensure(
  { response, urlSessions }: UrlSessionCall,
  body: Body,
  who: SessionState | null,
): Promise<void> {
  const { idle } = body
  if (idle !== undefined && (typeof idle !== 'number' || !(idle > 0))) {
    const detail = '`idle` must be a number of milliseconds above 0.'
    return sendFault(response, 400, { code: 'ERR_STATE_REQUEST', detail })
  }
  const { token, created } = await urlSessions.ensure(body.token, who, idle)
  sendJson(response, JSON.stringify({ token, created }))
}

async function read(
  { response, urlSessions }: UrlSessionCall,
  body: Body,
  who: SessionState | null,
): Promise<void> {
  const scope = await urlSessions.find(body.token ?? '', who)
  if (scope === null) return sendFault(response, 404, unknown)
  answerEntries(response, await scope.encoded.read())
}

async function write(
  { response, urlSessions }: UrlSessionCall,
  body: Body,
  who: SessionState | null,
): Promise<void> {
  const changes = readChanges(body.changes)
  if (typeof changes === 'string')
    return sendFault(response, 400, { code: 'ERR_STATE_REQUEST', detail: changes })
  const scope = await urlSessions.find(body.token ?? '', who)
  if (scope === null) return sendFault(response, 404, unknown)
  answerWrite(response, await scope.encoded.write(changes))
}

async function end(
  { response, urlSessions }: UrlSessionCall,
  body: Body,
  who: SessionState | null,
): Promise<void> {
  const ended = await urlSessions.end(body.token ?? '', who)
  sendJson(response, JSON.stringify({ ended }))
}

const unknown = {
  code: 'ERR_URL_SESSION_UNKNOWN',
  detail:
    'There is no such URL session for whoever asks: the token is unknown, over, or belongs to somebody else. Begin a new one.',
}
const noSession = {
  code: 'ERR_STATE_SESSION',
  detail: 'The Holdfast-Session header was not made by this gateway, or its session has ended.',
}
