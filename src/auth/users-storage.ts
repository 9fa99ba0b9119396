import { readFile, realpath } from 'node:fs/promises'
import { ConfigError } from '../core/errors.ts'
import { removeLeftovers, replaceFile } from './atomic-file.ts'
import { lockFile } from './file-lock.ts'
import { parseUsers, type UsersDocument } from './users-document.ts'
import { editUsers, type UsersEdit } from './users-edit.ts'

/** Reads a users file; `null` if there is none. Throws `ERR_USERS_INVALID` for one that cannot be read whole. */
export async function readUsersFile(path: string): Promise<UsersDocument | null> {
  const bytes = await readFile(path).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw unusable(path, 'read', error)
  })
  return bytes === null ? null : parseUsers(decode(bytes, path), path)
}

/**
 * Changes a users file as one step, alone among all processes: takes its lock, reads it afresh, and replaces it by the
 * edited text. `decide` sees the file as it is then, and may answer with no edits. A missing file is made.
 */
export async function rewriteUsersFile(
  path: string,
  patience: number,
  decide: (document: UsersDocument) => readonly UsersEdit[],
): Promise<void> {
  // The file a link leads to is replaced, not the link.
  const target = await realpath(path).catch(() => path)
  const lock = await lockFile(target, patience).catch((error: unknown) => {
    throw error instanceof ConfigError ? error : unusable(path, 'locked', error)
  })
  try {
    const document = (await readUsersFile(target)) ?? parseUsers('users: {}\n', path)
    const edits = decide(document)
    if (edits.length === 0) return
    await removeLeftovers(target)
    await replaceFile(target, editUsers(document, edits).text, () => lock.assertHeld())
  } catch (error) {
    throw error instanceof ConfigError ? error : unusable(path, 'written', error)
  } finally {
    await lock.release()
  }
}

function decode(bytes: Uint8Array, path: string): string {
  try {
    // Fatal: a lenient reader would write its replacement characters back over what it could not read.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (error) {
    throw new ConfigError(
      'ERR_USERS_INVALID',
      `The users file ${path} is not UTF-8 text. Save it as UTF-8.`,
      {
        cause: error,
      },
    )
  }
}

function unusable(path: string, what: string, cause: unknown): ConfigError {
  const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error'
  return new ConfigError(
    'ERR_USERS_INVALID',
    `The users file ${path} cannot be ${what} (${code}). Holdfast needs to read it, and to write in its folder to change it.`,
    { cause },
  )
}
