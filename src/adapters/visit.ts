/** One request's session on its way from the cookie it came with to the cookie it leaves with. */
import type { Answer, Outgoing } from './incoming.ts'
import type { RequestSession, SessionData } from './request-session.ts'
import type { SessionLifetime } from './session-lifetime.ts'

/** A request's session with what its adapter needs beside it. */
export interface Visit<Data extends SessionData = Record<string, unknown>> {
  readonly session: RequestSession<Data>
  /** For `holdfast/express-session`, where the app says of each session how long it lives. */
  readonly lifetime: SessionLifetime
  /** What to answer without asking the handler; `null` if the request is fine. */
  readonly refusal: Answer | null
  /**
   * Calls the listener once, as soon as `settle` must be awaited before headers are sent; at once if it must already. It
   * answers whether that is still possible: `false` if the headers are gone.
   */
  onWork(listener: () => boolean): void
  /**
   * Saves what there is to save and says what the response must carry. `status` is the handler's: one of 500 and above
   * saves nothing, and none acknowledges an end or a write that does not hold.
   */
  settle(status: number): Promise<Outgoing>
  /** In place of `settle`, where the response tells no cookie: ends what a sign-in made, for nobody will ever hold it. */
  abandon(): void
}
