/** The state that a session opens, and what is in it. */
import { StateError, ValueError } from '../../src/core/errors.ts'
import type { Session } from '../../src/core/session.ts'
import type { ScopedState, SessionState } from '../../src/core/state.ts'
import type { Process } from './samples.ts'

export function stateOf(process: Process, session: Session): SessionState {
  const capability = process.sessions.capability(session)
  const state = capability === null ? null : process.sessions.state.of(capability)
  if (state === null) throw new Error('The session opens no state.')
  return state
}

/** The code of what a call rejects with. */
export async function codeOf(call: Promise<unknown>): Promise<string> {
  try {
    await call
  } catch (error) {
    if (error instanceof StateError || error instanceof ValueError) return error.code
    throw error
  }
  return 'none'
}

export async function valuesOf(scope: ScopedState | null): Promise<Record<string, unknown>> {
  const entries = (await scope?.entries()) ?? new Map()
  return Object.fromEntries([...entries].map(([key, { value }]) => [key, value]))
}

/** The session in which a browser works before anybody signs in. */
export async function visitor(process: Process): Promise<Session> {
  const started = await process.sessions.start(process.sessions.beginAnonymous())
  if (started === null) throw new Error('Not started.')
  return started.session
}
