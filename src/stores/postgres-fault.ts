import { StoreError, type StoreErrorCode } from '../core/errors.ts'

/** No answer came in time. */
export class PostgresSilence extends Error {
  constructor(patience: number) {
    super(`no answer within ${Math.round(patience)} ms`)
    this.name = new.target.name
  }
}

/** The server said that it committed, and warned that a standby may not have it. */
export class PostgresUnconfirmed extends Error {
  constructor(warning: string) {
    super(`committed, but not confirmed: ${warning}`)
    this.name = new.target.name
  }
}

/** This server does not take writes: a standby, or one that was told not to. */
export class PostgresReadOnly extends Error {
  constructor() {
    super('it takes no writes (a standby?)')
    this.name = new.target.name
  }
}

/** What an error means for the call that met it. */
export interface PostgresFault {
  readonly code: StoreErrorCode
  /** Never holds a value of a row. */
  readonly reason: string
  /** `undone`: nothing was written, for certain. `unknown`: perhaps it was. */
  readonly outcome: 'undone' | 'unknown'
  /** Whether the same call may succeed a moment later. */
  readonly isPassing: boolean
  /** Whether the connection is of no use any more. */
  readonly isOver: boolean
}

/** Whether the error says that statements cannot be kept under names on this way to the server. */
export function isUnprepared(error: unknown): boolean {
  return unprepared.has(sqlStateOf(error) ?? '')
}

// SQLSTATE, https://www.postgresql.org/docs/current/errcodes-appendix.html
const codes: ReadonlyMap<string, StoreErrorCode> = new Map([
  ['53100', 'ERR_STORE_FULL'],
  ['XX001', 'ERR_STORE_CORRUPT'],
  ['XX002', 'ERR_STORE_CORRUPT'],
  ['40001', 'ERR_STORE_TIMEOUT'],
  ['40P01', 'ERR_STORE_TIMEOUT'],
  ['55P03', 'ERR_STORE_TIMEOUT'],
  ['57014', 'ERR_STORE_TIMEOUT'],
])
// Serialization, deadlock, lock and statement timeouts; too many connections; starting up, shutting down; a standby.
const passing = new Set(['40001', '40P01', '55P03', '57014', '53300', '57P03', '57P01', '57P02', '25006'])
// A pooler has handed us a server's connection that does not know our statements, or knows them already.
const unprepared = new Set(['26000', '42P05'])
// Classes whose messages name tables, users and settings, but never what is in a row.
const speakable = /^(08|0A|25|28|3D|3F|40|42|53|54|55|57|58|XX)/

const unmade = '. Its tables are not there or not ours; restart Holdfast to have them made'
const hints: ReadonlyMap<string, string> = new Map([
  ['42883', unmade],
  ['42P01', unmade],
  ['3F000', unmade],
  [
    '08P01',
    '. Behind PgBouncer, set ignore_startup_parameters = statement_timeout,idle_in_transaction_session_timeout there',
  ],
])

const advice: Record<StoreErrorCode, string> = {
  ERR_STORE_TIMEOUT: 'Whether a change was made is unknown; try again.',
  ERR_STORE_CORRUPT: 'Its data is damaged: restore it from a backup.',
  ERR_STORE_FULL: 'Its disk is full. Free some space; nothing was lost and no restart is needed.',
  ERR_STORE_UNAVAILABLE: 'Check the server and the network between.',
}

function sqlStateOf(error: unknown): string | null {
  if (!(error instanceof Error) || !('severity' in error) || !('code' in error)) return null
  return typeof error.code === 'string' ? error.code : null
}

function isFatal(error: unknown): boolean {
  return error instanceof Error && 'severity' in error && error.severity !== 'ERROR'
}

/** What an error that pg, a socket or a check of ours has thrown means. */
export function faultOf(error: unknown): PostgresFault {
  if (error instanceof PostgresReadOnly) {
    const reason = error.message
    return { code: 'ERR_STORE_UNAVAILABLE', reason, outcome: 'undone', isPassing: true, isOver: true }
  }
  if (error instanceof PostgresUnconfirmed) {
    const reason = error.message
    return { code: 'ERR_STORE_UNAVAILABLE', reason, outcome: 'unknown', isPassing: false, isOver: false }
  }
  const state = sqlStateOf(error)
  if (state === null) {
    const code = error instanceof PostgresSilence ? 'ERR_STORE_TIMEOUT' : 'ERR_STORE_UNAVAILABLE'
    const reason = error instanceof Error ? spoken(error) : 'unknown error'
    return { code, reason, outcome: 'unknown', isPassing: true, isOver: true }
  }
  const message =
    error instanceof Error && speakable.test(state) ? `${error.message} (${state})` : `error ${state}`
  return {
    code: codes.get(state) ?? 'ERR_STORE_UNAVAILABLE',
    reason: `${message}${hints.get(state) ?? ''}`,
    // An error takes its transaction back. A connection that the server ended may have been committing.
    outcome: isFatal(error) ? 'unknown' : 'undone',
    isPassing: passing.has(state) || unprepared.has(state),
    isOver: isFatal(error) || state === '25006',
  }
}

// Several addresses of one name that all refused come as one error without a message of its own.
function spoken(error: Error): string {
  const [first] = error instanceof AggregateError ? error.errors : []
  return first instanceof Error ? first.message : error.message
}

/** The error a caller of the store gets. */
export function storeErrorOf(name: string, fault: PostgresFault, cause?: unknown): StoreError {
  const message = `Postgres store ${name}: ${fault.reason.replace(/\.$/, '')}. ${advice[fault.code]}`
  return new StoreError(fault.code, message, cause === undefined ? undefined : { cause })
}
