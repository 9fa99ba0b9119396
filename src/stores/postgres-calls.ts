import { createHash } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { StoreError } from '../core/errors.ts'
import { faultOf, isUnprepared, PostgresSilence, storeErrorOf } from './postgres-fault.ts'
import type { PostgresPool } from './postgres-pool.ts'

/** How long one attempt may take: statements on the server, reads and connections here. */
export const attemptMs = 250
/** How long a call may take in all. */
export const callMs = 1000
// What is asked with less than this left comes to nothing, and its silence would be taken for the server's: that costs
// every idle connection.
const worthAskingMs = 25

export type Rows = readonly (readonly unknown[])[]

/** Calls the functions in the database, each within a second. */
export interface PostgresCalls {
  /**
   * Rows of a function that only reads. Tried again after an attempt without an answer. Rejects with `StoreError`.
   */
  read(text: string, values: readonly unknown[], deadline: number): Promise<Rows>
  /**
   * Rows of a function that writes. Tried again only if the attempt was certainly taken back: a deadlock, a lock or a
   * statement that took too long, a standby. With no answer there is no second attempt: the first may have been made, and
   * its answer would be another. So it may take what is left of the second. Rejects with `StoreError`: outcome unknown.
   */
  write(text: string, values: readonly unknown[], deadline: number): Promise<Rows>
}

/** The name under which the server keeps a statement: of its text, so that it never stands for another. */
function nameOf(text: string): string {
  return `holdfast ${createHash('sha256').update(text).digest('base64url')}`
}

export function postgresCalls(name: string, pool: PostgresPool): PostgresCalls {
  const names = new Map<string, string>()
  // A pooler that hands on the server's connection with each transaction may lose or mix up what was named.
  let canName = true

  function named(text: string): string | undefined {
    if (!canName) return undefined
    const known = names.get(text) ?? nameOf(text)
    names.set(text, known)
    return known
  }

  async function attempt(
    text: string,
    values: readonly unknown[],
    until: number,
    deadline: number,
  ): Promise<Rows> {
    const connection = await pool.lend(deadline)
    let isSilent = false
    try {
      const left = Math.min(until, deadline - performance.now())
      if (left < worthAskingMs) throw tooLate()
      return await connection.query(text, values, left, named(text))
    } catch (error) {
      if (error instanceof StoreError) throw error
      isSilent = error instanceof PostgresSilence
      if (isUnprepared(error)) canName = false
      if (faultOf(error).isOver) connection.destroy()
      throw error
    } finally {
      pool.giveBack(connection, isSilent)
    }
  }

  function tooLate(): StoreError {
    const message = `Postgres store ${name}: those before it took all of its time. Nothing was changed; try again.`
    return new StoreError('ERR_STORE_TIMEOUT', message)
  }

  /** How long to pause before the next attempt; throws the `StoreError` if there must be none. */
  function pauseAfter(error: unknown, round: number, isRead: boolean, deadline: number): number {
    if (error instanceof StoreError) throw error
    const fault = faultOf(error)
    const mayRepeat = fault.isPassing && (isRead || fault.outcome === 'undone')
    const pause = Math.random() * 10 * round
    if (!mayRepeat || performance.now() + pause >= deadline) throw storeErrorOf(name, fault, error)
    return pause
  }

  async function call(
    text: string,
    values: readonly unknown[],
    deadline: number,
    isRead: boolean,
  ): Promise<Rows> {
    for (let round = 1; ; round++) {
      try {
        return await attempt(text, values, isRead ? attemptMs : Number.POSITIVE_INFINITY, deadline)
      } catch (error) {
        await wait(pauseAfter(error, round, isRead, deadline))
      }
    }
  }

  return {
    read: (text, values, deadline) => call(text, values, deadline, true),
    write: (text, values, deadline) => call(text, values, deadline, false),
  }
}
