import { watch } from 'node:fs'
import { stat } from 'node:fs/promises'
import { basename, dirname } from 'node:path'

/** Notices changes of one file, however they are made. */
export interface FileWatch {
  close(): void
}

/** What tells one content of a file from the next without reading it; `absent` if there is no file. */
export async function fileSignature(path: string): Promise<string> {
  const found = await stat(path, { bigint: true }).catch(() => null)
  return found === null ? 'absent' : `${found.ino} ${found.size} ${found.mtimeNs} ${found.ctimeNs}`
}

/**
 * Calls `look` when the file may have changed: at once where the system tells, and every `pollEvery` seconds for where
 * it does not (network file systems, folders mounted into containers). `look` finds out whether it has.
 */
export function watchFile(path: string, pollEvery: number, look: () => void): FileWatch {
  const timer = setInterval(look, pollEvery * 1000)
  timer.unref()
  const watcher = watchFolder(path, look)
  return {
    close() {
      clearInterval(timer)
      watcher?.close()
    },
  }
}

// The folder, not the file: a file replaced by rename is a new one, and a watch on the old one hears nothing more.
function watchFolder(path: string, look: () => void): { close(): void } | null {
  try {
    const watcher = watch(dirname(path), { persistent: false }, (_event, name) => {
      if (name === null || name === basename(path)) look()
    })
    // Out of inotify watches, or the folder went away: the poll goes on.
    watcher.on('error', () => watcher.close())
    return watcher
  } catch {
    return null
  }
}
