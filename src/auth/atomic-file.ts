import { randomUUID } from 'node:crypto'
import { type FileHandle, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/**
 * Replaces the file's content as one step: whoever reads sees all of the old or all of the new, and after a crash too.
 * Keeps mode and owner; a new file is 0600. `commit` runs when all is written and before it becomes visible: it may
 * throw, and then nothing has changed.
 */
export async function replaceFile(path: string, text: string, commit: () => Promise<void>): Promise<void> {
  const before = await stat(path).catch(() => null)
  const mode = before === null ? 0o600 : before.mode & 0o777
  const temporary = join(dirname(path), `.${basename(path)}.${randomUUID()}.tmp`)
  // In the same folder, for a rename works within one file system only; never more readable than what it replaces.
  const file = await open(temporary, 'wx', 0o600)
  try {
    try {
      await file.writeFile(text)
      if (before !== null) await keepOwner(file, before)
      await file.chmod(mode)
      await file.sync()
    } finally {
      await file.close()
    }
    await commit()
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  await syncFolder(dirname(path))
}

/** Removes what a process that was killed in the middle of `replaceFile` left. Only for who holds the file's lock. */
export async function removeLeftovers(path: string): Promise<void> {
  const prefix = `.${basename(path)}.`
  const names = await readdir(dirname(path))
  const left = names.filter((name) => name.startsWith(prefix) && name.endsWith('.tmp'))
  await Promise.all(left.map((name) => rm(join(dirname(path), name), { force: true })))
}

async function keepOwner(
  file: FileHandle,
  before: { readonly uid: number; readonly gid: number },
): Promise<void> {
  const now = await file.stat()
  if (now.uid === before.uid && now.gid === before.gid) return
  // Only root may give files away. Who may write the folder but not chown keeps the file as their own.
  await file.chown(before.uid, before.gid).catch(() => undefined)
}

// Without this the rename itself may be lost in a power cut (fsync(2)). Some systems cannot open a folder.
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r').catch(() => null)
  if (folder === null) return
  await folder.sync().catch(() => undefined)
  await folder.close()
}
