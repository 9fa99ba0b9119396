/** The state API: an app reads, writes and follows the state of the sessions that its requests came with. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { StateError, StoreError, ValueError } from '../../core/errors.ts'
import { tabShape } from '../../core/protocol.ts'
import type { EncodedState, ScopedState, StateEngine } from '../../core/state.ts'
import type { UrlSessions } from '../../core/url-session.ts'
import type { Log } from '../log.ts'
import { readBody } from '../visit.ts'
import { accountRoutes } from './account-routes.ts'
import { type AppPeople, signInRoutes } from './sign-in-routes.ts'
import { type Fault, sendFault } from './state-answer.ts'
import {
  type ReadRequest,
  readRequest,
  type ScopeName,
  type WriteRequest,
  writeRequest,
} from './state-request.ts'
import { answerEntries, answerWrite } from './state-scope-answer.ts'
import { followState } from './state-watch.ts'
import { type UrlSessionCall, urlSessionRoutes } from './url-session-routes.ts'

export interface StateRoutesOptions {
  readonly state: StateEngine
  readonly urlSessions: UrlSessions
  /** Who may sign in by a form of the app's; left out: nobody. */
  readonly people?: AppPeople
  readonly log: Log
}

// A scope at its limit, with the escapes of texts in texts.
const longestBody = 20 * 1024 * 1024
const bodyPatience = 20_000

/** Answers requests that knew the key. */
export function stateRoutes(
  options: StateRoutesOptions,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const { state, urlSessions, people, log } = options
  const routes =
    people === undefined
      ? stateOnly
      : new Map([...stateOnly, ...signInRoutes(people), ...accountRoutes(people)])
  const unknownPath: Fault = {
    code: 'ERR_STATE_REQUEST',
    detail: `There is no such path. There are ${[...routes.keys()].join(', ')}.`,
  }

  return async (request, response) => {
    const route = routes.get(request.url ?? '')
    if (route === undefined) return sendFault(response, 404, unknownPath)
    if (request.method !== 'POST') {
      response.setHeader('allow', 'POST')
      return sendFault(response, 405, { code: 'ERR_STATE_REQUEST', detail: 'Only POST is answered here.' })
    }
    const text = await readBody(request, longestBody, bodyPatience)
    if (text === null) return sendFault(response, 413, tooLong)
    try {
      await route({ state, urlSessions, request, response, body: JSON.parse(text) as unknown })
    } catch (error) {
      answerFailure(response, error, log)
    }
  }
}

type Call = UrlSessionCall

const stateOnly: ReadonlyMap<string, (call: Call) => Promise<void> | void> = new Map([
  ['/state/read', read],
  ['/state/write', write],
  ['/state/watch', watch],
  ...urlSessionRoutes,
])

async function read(call: Call): Promise<void> {
  const { response, body } = call
  const asked = readRequest(body)
  const scope = opened(call, asked)
  if (scope === null || typeof asked === 'string') return
  const found = await scope.read(asked.keys)
  answerEntries(response, found)
}

async function write(call: Call): Promise<void> {
  const { response, body } = call
  const asked = writeRequest(body)
  const scope = opened(call, asked)
  if (scope === null || typeof asked === 'string') return
  answerWrite(response, await scope.write(asked.changes))
}

function watch(call: Call): void {
  const { request, response, body } = call
  const scope = opened(call, readRequest(body))
  if (scope !== null) followState(request, response, scope)
}

/** The scope a request is about; `null` if it was answered already. */
function opened(
  { state, request, response }: Call,
  asked: ReadRequest | WriteRequest | string,
): EncodedState | null {
  if (typeof asked === 'string') {
    sendFault(response, 400, { code: 'ERR_STATE_REQUEST', detail: asked })
    return null
  }
  const scope = scopeOf(state, asked.scope, request)
  if ('code' in scope) {
    sendFault(response, scope.code === 'ERR_SESSION_ENDED' ? 410 : 400, scope)
    return null
  }
  return scope.encoded
}

function scopeOf(state: StateEngine, name: ScopeName, { headers }: IncomingMessage): ScopedState | Fault {
  if (name === 'app') return state.app
  const capability = headers['holdfast-session']
  const session = typeof capability === 'string' ? state.of(capability) : null
  if (session === null) return noSession
  if (name === 'session') return session.session
  if (name === 'user') return session.user ?? nobody
  const tab = headers['holdfast-tab']
  if (typeof tab !== 'string' || !tabShape.test(tab)) return noTab
  return name === 'tab' ? session.tab(tab) : session.page(tab)
}

/** Answers what could not be done. Never says "there is none" where the store could not tell. */
function answerFailure(response: ServerResponse, error: unknown, log: Log): void {
  if (error instanceof SyntaxError) {
    return sendFault(response, 400, { code: 'ERR_STATE_REQUEST', detail: 'The body is not JSON.' })
  }
  if (error instanceof StoreError) return sendFault(response, 503, { code: error.code, detail: unavailable })
  if (error instanceof ValueError || error instanceof StateError) {
    return sendFault(response, 400, { code: error.code, detail: error.message })
  }
  log.write('error', 'state_request_failed', { reason: error instanceof Error ? (error.stack ?? '') : '' })
  sendFault(response, 500, { code: 'ERR_STATE_FAILED', detail: 'Holdfast failed. Its log says why.' })
}

const tooLong: Fault = {
  code: 'ERR_STATE_REQUEST',
  detail: `The body is longer than ${longestBody} bytes, or was cut off. Write in smaller parts.`,
}
const noSession: Fault = {
  code: 'ERR_STATE_SESSION',
  detail:
    'This scope needs the Holdfast-Session header of the request that the app is answering. It is missing, or was not ' +
    'made by this gateway.',
}
const nobody: Fault = {
  code: 'ERR_STATE_ANONYMOUS',
  detail: 'Nobody is signed in, so there is no user whose state it could be. Use the session scope.',
}
const noTab: Fault = {
  code: 'ERR_STATE_TAB',
  detail: 'This scope needs the Holdfast-Tab header of the socket that the page opened.',
}
const unavailable =
  'The store cannot be reached or cannot confirm, so it is not known whether anything was written. Try again.'
