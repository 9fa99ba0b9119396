/** Remembers the app a `run` has started, so that the next one can take it over after a kill. */
import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { processStart } from './process-identity.ts'

export interface RunningApp {
  readonly pid: number
  readonly port: number
  /** Where it was told to reach its state; `null` if nowhere. */
  readonly statePort: number | null
}

export interface RunFile {
  /** The app of an earlier run with the very same command, still alive; any other survivor of it is ended. */
  survivor(): Promise<RunningApp | null>
  /** Ends an app that cannot be taken over after all. */
  end(app: RunningApp): void
  write(app: RunningApp): Promise<void>
  remove(): Promise<void>
}

interface Entry extends RunningApp {
  readonly start: string
  readonly fingerprint: string
}

/** `about` is all that must be the same for an app to be taken over: command, folder, environment of ours. */
export function runFile(path: string, about: unknown): RunFile {
  const fingerprint = createHash('sha256').update(JSON.stringify(about)).digest('base64url')

  return {
    async survivor() {
      const entry = await read(path)
      if (entry === null || (await processStart(entry.pid)) !== entry.start) return null
      const { pid, port, statePort } = entry
      if (entry.fingerprint === fingerprint) return { pid, port, statePort }
      endGroup(pid)
      return null
    },
    end: ({ pid }) => endGroup(pid),
    async write(app) {
      const start = await processStart(app.pid)
      if (start === null) return
      const entry: Entry = { ...app, start, fingerprint }
      await mkdir(dirname(path), { recursive: true, mode: 0o700 })
      await writeFile(`${path}.${process.pid}`, JSON.stringify(entry), { mode: 0o600 })
      await rename(`${path}.${process.pid}`, path)
    },
    remove: () => rm(path, { force: true }),
  }
}

function endGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGTERM')
  } catch {
    // It went by itself.
  }
}

async function read(path: string): Promise<Entry | null> {
  try {
    const entry = JSON.parse(await readFile(path, 'utf8')) as Partial<Entry> | null
    const { pid, port, statePort, start, fingerprint } = entry ?? {}
    if (!Number.isSafeInteger(pid) || !Number.isSafeInteger(port) || pid === undefined || port === undefined)
      return null
    if (pid < 2 || typeof start !== 'string' || typeof fingerprint !== 'string') return null
    return {
      pid,
      port,
      statePort: Number.isSafeInteger(statePort) ? (statePort ?? null) : null,
      start,
      fingerprint,
    }
  } catch {
    return null
  }
}
