/** What the sessions of all requests share. */
import type { CookieTransport } from '../core/cookie.ts'
import type { EventListener } from '../core/events.ts'
import type { FormTokens } from '../core/form-token.ts'
import type { SessionManager } from '../core/manager.ts'
import type { Session } from '../core/session.ts'
import type { SessionLimit } from '../core/session-limit.ts'
import type { SocketRegistry } from '../core/sockets.ts'
import type { SessionState } from '../core/state.ts'
import type { ValueSchemas } from './value-schemas.ts'

export interface SessionParts {
  readonly manager: SessionManager
  readonly cookie: CookieTransport
  readonly formCookieName: string
  readonly formTokens: FormTokens
  readonly secure: boolean
  readonly origin: string
  /** Where a navigation is sent that needs someone signed in; `null`: it is told so. */
  readonly signInPage: string | null
  /** How many sessions a person may have; `null`: as many as there are. */
  readonly accountLimit: SessionLimit | null
  readonly schemas: ValueSchemas
  readonly sockets: () => SocketRegistry
  readonly onEvent: EventListener
  readonly now: () => number
  /** What a session opens; `null` while nothing is stored of it. */
  stateOf(session: Session): SessionState | null
}

/** What a request presents. */
export interface Presented {
  readonly session: Session | null
  /** The credential that opens it. */
  readonly credential: string | null
  /** Whether the browser holds an older one. */
  readonly isReplaced: boolean
}
