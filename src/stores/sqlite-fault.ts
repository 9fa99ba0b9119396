import type { StoreErrorCode } from '../core/errors.ts'

/** What went wrong in SQLite, in words that can cross a thread. */
export interface SqliteFault {
  readonly code: StoreErrorCode
  readonly message: string
}

/** A fault that was found by looking, before SQLite had to say it. */
export class SqliteFaultError extends Error {
  readonly fault: SqliteFault

  constructor(code: StoreErrorCode, message: string) {
    super(message)
    this.name = new.target.name
    this.fault = { code, message }
  }
}

// Primary result codes, https://sqlite.org/rescode.html; the upper bits only refine them.
const codes: ReadonlyMap<number, StoreErrorCode> = new Map([
  [5, 'ERR_STORE_TIMEOUT'], // BUSY
  [6, 'ERR_STORE_TIMEOUT'], // LOCKED
  [11, 'ERR_STORE_CORRUPT'], // CORRUPT
  [13, 'ERR_STORE_FULL'], // FULL
  [26, 'ERR_STORE_CORRUPT'], // NOTADB
])

// What SQLite reports when the file beside the database that all processes map into memory cannot grow: a full disk.
const sharedMemoryFull = 4874

const advice: Record<StoreErrorCode, string> = {
  ERR_STORE_TIMEOUT: 'Another process holds its lock. Whether the change was made is unknown; try again.',
  ERR_STORE_CORRUPT:
    'It is damaged or no SQLite database. Stop all processes that use it, then restore it from a backup or move it away.',
  ERR_STORE_FULL: 'Its disk is full. Free some space; nothing was lost and no restart is needed.',
  ERR_STORE_UNAVAILABLE: 'Check the file, its folder and its disk.',
}

/** The fault behind an error that SQLite, the file system or a check of ours threw. */
export function faultOf(error: unknown, path: string): SqliteFault {
  if (error instanceof SqliteFaultError) return error.fault
  const code = codeOf(error)
  return { code, message: `SQLite store ${path}: ${reasonOf(error)}. ${advice[code]}` }
}

function codeOf(error: unknown): StoreErrorCode {
  const result = resultOf(error)
  if (result !== null) {
    return result === sharedMemoryFull
      ? 'ERR_STORE_FULL'
      : (codes.get(result & 0xff) ?? 'ERR_STORE_UNAVAILABLE')
  }
  const isFull = error instanceof Error && 'code' in error && error.code === 'ENOSPC'
  return isFull ? 'ERR_STORE_FULL' : 'ERR_STORE_UNAVAILABLE'
}

function resultOf(error: unknown): number | null {
  const isSqlite = error instanceof Error && 'errcode' in error && typeof error.errcode === 'number'
  return isSqlite ? Number(error.errcode) : null
}

// SQLite's messages name tables and columns, never values.
function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message.replace(/\.$/, '') : 'unknown error'
}

/** Whether the error says that another connection holds the lock. */
export function isBusy(error: unknown): boolean {
  return codes.get((resultOf(error) ?? 0) & 0xff) === 'ERR_STORE_TIMEOUT'
}
