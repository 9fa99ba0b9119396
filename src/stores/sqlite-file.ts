import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  statSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { SqliteFaultError } from './sqlite-fault.ts'

/**
 * Makes sure that the store file exists and that nobody but its owner reads it. A folder made on the way is ours alone
 * too. SQLite gives its `-wal` and `-shm` files the mode of the database.
 */
export function prepareFile(path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    if (existsSync(path) && !statSync(path).isFile()) throw new Error('this is no file')
    if (!existsSync(path)) createFile(path)
    accessSync(path, constants.R_OK | constants.W_OK)
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unknown error'
    throw new SqliteFaultError(
      'ERR_STORE_UNAVAILABLE',
      `SQLite store ${path} cannot be opened: ${reason}. Give this user the right to write there, or name another file.`,
    )
  }
  for (const file of [path, `${path}-wal`, `${path}-shm`]) makePrivate(file)
}

function createFile(path: string): void {
  closeSync(openSync(path, 'a', 0o600))
  if (process.platform === 'win32') return
  // SQLite syncs the folder for the files it makes itself; without this, a power failure could take the whole store.
  const folder = openSync(dirname(path), 'r')
  fsyncSync(folder)
  closeSync(folder)
}

function makePrivate(file: string): void {
  if (!existsSync(file) || (statSync(file).mode & 0o077) === 0 || process.platform === 'win32') return
  try {
    chmodSync(file, 0o600)
  } catch {
    throw new SqliteFaultError(
      'ERR_STORE_UNAVAILABLE',
      `SQLite store: others may read ${file}, and this process may not change that. Run: chmod 600 ${file}`,
    )
  }
}

/** Names the very file behind a path, so that one put in its place is noticed; `null` if there is none. */
export function fileIdentity(path: string): string | null {
  const stat = statSync(path, { throwIfNoEntry: false, bigint: true })
  return stat === undefined ? null : `${stat.dev}:${stat.ino}`
}
