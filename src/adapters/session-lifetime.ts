/** How long the session of one request lives, where the app says so: shorter than the policy allows, never longer. */
import type { Lasting } from '../core/lasting.ts'

/** What an adapter can say of it. Methods reject with `StoreError` when the store cannot tell. */
export interface SessionLifetime {
  /** What sessions that begin in this request last. `null`: as the policy says, and the cookie to the session's end. */
  lasting: Lasting | null
  /** What the session lasts that is there; `null` if nothing is stored of it. */
  readonly present: Lasting | null
  /** The time by which sessions end. */
  now(): number
  /** Has the session that is there last so from now on, under a new token. `false`: it has ended. */
  last(lasting: Lasting): Promise<boolean>
  /** Begins a session where there is none. `false`: there can be none. */
  begin(): Promise<boolean>
  /** Whether the session is live in the store. */
  isLive(): Promise<boolean>
  /** Has the browser told of its cookie again, and with it of how long that is kept; not of one that was replaced meanwhile. */
  repeat(): Promise<void>
}
