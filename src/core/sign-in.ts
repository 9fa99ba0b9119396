/** What a sign-in asks for, and what comes of it. */
import type { Identity } from './contracts.ts'
import type { Device, Session } from './session.ts'

/** A session just made, and its credential: shown once, to be sent to the browser. */
export interface Issued {
  readonly session: Session
  readonly credential: string
}

/** A sign-in that was checked, as the engine is told of it. */
export interface SignIn {
  readonly identity: Identity
  readonly remember: boolean
  /** How long it lives without activity, if that is less than the policy allows. */
  readonly idle?: number | undefined
  readonly device: Device
  /** What `begin` answered when checking began: a revocation since then wins over this sign-in. */
  readonly begun: number
  /**
   * When another system issued what this session is made from: a revocation since then wins, as well as clocks can tell, and
   * the deadlines count from it.
   */
  readonly issuedAt?: number
  /** When a factor was last checked, if that was not now: what asks for a fresh one must not be fooled. @default now */
  readonly authenticatedAt?: number
  /** When a second factor, or a passkey, was checked. @default null */
  readonly factorAt?: number | null
  /**
   * The session the browser presented in this very request. It ends; nothing of its credential is adopted. What was done in
   * an anonymous one, its state, is carried over; another person's never is.
   */
  readonly replaces: Session | null
}
