/**
 * What clients did and were told, with the times of one monotonic clock, in milliseconds. All clients run in one process of
 * one machine, so the order of "answered before that began" is exact. Checkers look at nothing else.
 */

export type Act =
  | 'sign-in'
  | 'begin'
  | 'use'
  | 'write'
  | 'count'
  | 'read'
  | 'rotate'
  | 'sign-out'
  | 'revoke'
  | 'revoke-user'
  | 'revoke-all'
  | 'once'
  | 'forged'

/**
 * `ok`: done as asked. `refused`: not signed in, whatever form it took. `unavailable`: 503. `failed`: surely not done, for
 * another reason. `unknown`: no answer; it may have been done or not.
 */
export type Outcome = 'ok' | 'refused' | 'unavailable' | 'failed' | 'unknown'

/** What the app behind the gateway answered. */
export interface Told {
  readonly user?: string | null
  readonly sid?: string | null
  /** The version that a write of `key` was given, or that was read. */
  readonly version?: number
  readonly value?: string | null
  /** Everything that the session's state holds. */
  readonly entries?: Readonly<Record<string, string>>
}

export interface Operation {
  readonly number: number
  readonly act: Act
  readonly replica: number
  /** The suite's own name of the session whose cookie was sent, or that was made. */
  readonly session: string | null
  /** The session whose cookie a sign-in carried, and which it ends. */
  readonly replaces: string | null
  readonly user: string | null
  readonly key: string | null
  readonly value: string | null
  readonly began: number
  readonly ended: number
  readonly outcome: Outcome
  readonly status: number | null
  /** Whether the answer set or removed the session's cookie. */
  readonly setsCookie: boolean
  readonly told: Told
}

/** A WebSocket through a gateway. */
export interface HeldSocket {
  readonly session: string
  readonly replica: number
  readonly opened: number
  /** `null`: still open at the end. */
  readonly closed: number | null
}

/** What was done to the replicas, their links and their store. */
export interface Fault {
  readonly kind: string
  /** `null`: all of them. */
  readonly replica: number | null
  readonly began: number
  readonly ended: number
  /** Whether clients cannot reach the replica meanwhile, or it does not run. */
  readonly hidesReplica: boolean
}

/**
 * A time in which the machine did nothing. `suite`: the suite itself had no processor, so that nobody's answers can be on
 * time. `store`: the store, asked past all replicas, kept nothing; they have to say so in time, but need not do better.
 */
export interface Stall {
  readonly of: 'suite' | 'store'
  readonly began: number
  readonly ended: number
}

export interface History {
  readonly operations: readonly Operation[]
  readonly sockets: readonly HeldSocket[]
  readonly faults: readonly Fault[]
  readonly stalls: readonly Stall[]
  /** When the last operation was over. */
  readonly end: number
}

/** A promise that was not kept, and by which operations that shows. */
export interface Violation {
  readonly promise: 'P1' | 'P2' | 'P3' | 'P4' | 'P5' | 'P6' | 'P7' | 'P9'
  readonly what: string
  readonly operations: readonly Operation[]
}

/** Whether two stretches of time have a moment in common. */
export function overlaps(
  one: { readonly began: number; readonly ended: number },
  other: { readonly began: number; readonly ended: number },
): boolean {
  return one.began <= other.ended && other.began <= one.ended
}

/** How long the stalls that overlap an operation lasted in all, in milliseconds. */
export function stalledFor(stalls: readonly Stall[], operation: Operation): number {
  return stalls
    .filter((stall) => overlaps(stall, operation))
    .reduce((sum, { began, ended }) => sum + ended - began, 0)
}

/**
 * Whether the answer may rest on what the primary of a Redis had and no replica: what is read there while it is being lost is
 * not held against the replicas one by one, so what was never acknowledged may be seen and then be gone.
 */
export function isProvisional(operation: Operation, faults: readonly Fault[]): boolean {
  return faults.some(({ kind, ...fault }) => isLosing.has(kind) && overlaps(fault, operation))
}

// While a store is being emptied one process knows it and another does not, for as long as a lease.
const isLosing: ReadonlySet<string> = new Set(['fail over', 'empty store'])

/** Whether the store lost everything in between: what it remembered then binds nobody any more who shows what was never in it. */
export function isEmptied(faults: readonly Fault[], from: Operation, to: Operation): boolean {
  return faults.some(
    ({ kind, began, ended }) => kind === 'empty store' && began < to.ended && ended > from.began,
  )
}
