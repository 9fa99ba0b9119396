import type { DatabaseSync } from 'node:sqlite'
import type { SqliteFault } from './sqlite-fault.ts'
import { prepareLog } from './sqlite-log.ts'
import { prepareRemoval, prepareSessionWrites, type SessionWrites } from './sqlite-session-writes.ts'
import { prepareStateWrites, type StateWrites } from './sqlite-state-writes.ts'
import { prepareRemoveCutOff, prepareSweep } from './sqlite-sweep.ts'

/** Every write the store knows. Each is called within a transaction, and with the time it is. */
export interface Writes extends SessionWrites, StateWrites {
  sweep(now: number, limit: number): number
  /** Removes some state of ended sessions; `false` when there is none left. */
  tidy(): boolean
  /** Proves that the file takes writes, at the price of one. */
  prove(now: number): void
  /** Does nothing: that a transaction could begin is the answer. */
  ping(now: number): void
}

export type WriteName = keyof Writes

// Entries of up to a megabyte each; so many hold up those who wait for their write by a few milliseconds.
const tidiedAtOnce = 16

// What may be lost when the power fails right after it was acknowledged: an earlier idle deadline, a smaller count,
// a row that is swept again. Never to a crash of the process, and never out of order: WAL keeps a prefix.
const relaxed: ReadonlySet<WriteName> = new Set(['touch', 'hit', 'sweep', 'tidy', 'prove', 'ping'])

/** Whether a write must be on the disk before it is acknowledged. */
export function mustSync(name: WriteName): boolean {
  return !relaxed.has(name)
}

/** A write on its way to the thread that makes it. */
export interface WriteOrder {
  readonly number: number
  readonly name: WriteName
  readonly args: readonly unknown[]
  /** On the clock of `monotonic`: who ordered it has given up by then, so it must not be begun any more. */
  readonly deadline: number
}

/** What the thread says: that it is ready or cannot be, or how orders went. */
export type WriterMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'unusable'; readonly fault: SqliteFault }
  | { readonly kind: 'done'; readonly results: readonly WriteResult[] }

export type WriteResult =
  | { readonly number: number; readonly value: unknown }
  | { readonly number: number; readonly fault: SqliteFault }

/** Milliseconds on a clock that all threads of the process share and nobody sets. */
export function monotonic(): number {
  return Number(process.hrtime.bigint() / 1_000_000n)
}

/** Prepares the statements of all writes on a connection. */
export function prepareWrites(db: DatabaseSync): Writes {
  const log = prepareLog(db)
  const removeSession = prepareRemoval(db)
  const removeCutOff = prepareRemoveCutOff(db)
  // More than any sign-in takes: on a nearly full disk a row may fit where a session does not.
  const prove = db.prepare(`
    INSERT INTO health VALUES (1, ?, zeroblob(32768))
    ON CONFLICT (only) DO UPDATE SET written_at = excluded.written_at, ballast = excluded.ballast`)
  return {
    ...prepareSessionWrites(db, log, removeSession),
    ...prepareStateWrites(db, log),
    sweep: prepareSweep(db, log, removeSession, removeCutOff),
    tidy: () => removeCutOff(tidiedAtOnce) > 0,
    prove(now) {
      prove.run(now)
    },
    ping() {},
  }
}
