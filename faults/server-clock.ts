/** What a store's server takes for the time of day. Its timers go by other clocks and are left as they are. */
import { spawnSync } from 'node:child_process'
import { chmodSync, closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface ServerClock {
  /** What the server's process has to be started with. */
  readonly env: Readonly<Record<string, string>>
  /** From now on the server's clock is off by so many milliseconds. */
  step(offset: number): void
  remove(): void
}

const source = fileURLToPath(new URL('server-clock.c', import.meta.url))

/** A clock for one server; `null` where there is no C compiler (`cc`) for the few lines that go into the server. */
export function openServerClock(): ServerClock | null {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-clock-'))
  const [library, file] = [join(folder, 'clock.so'), join(folder, 'offset')]
  const remove = (): void => rmSync(folder, { recursive: true, force: true })
  const made = spawnSync('cc', ['-shared', '-fPIC', '-O2', '-o', library, source], { encoding: 'utf8' })
  if (made.error) {
    remove()
    return null
  }
  if (made.status !== 0) throw new Error(`No clock could be made: ${made.stderr}`)
  // PostgreSQL runs as a user of its own.
  chmodSync(folder, 0o755)
  const opened = openSync(file, 'w')

  function step(offset: number): void {
    // In one piece, in the order of this machine's bytes: servers have it in their memory.
    writeSync(opened, BigInt64Array.of(BigInt(offset)), 0, 8, 0)
  }

  step(0)
  return {
    env: { LD_PRELOAD: library, HOLDFAST_FAULTS_CLOCK: file },
    step,
    remove() {
      closeSync(opened)
      remove()
    },
  }
}

/**
 * Turns the clock of a server that tells its time, in milliseconds, and makes sure that it took it: whatever is proved with
 * a clock that stays as it is proves nothing.
 */
export function turning(
  clock: ServerClock | null,
  timeOf: () => Promise<number>,
): ((offset: number) => Promise<void>) | null {
  if (clock === null) return null
  return async (offset) => {
    clock.step(offset)
    const before = Date.now()
    const time = await timeOf()
    const [most, least] = [time - before, time - Date.now()]
    if (most < offset - 50 || least > offset + 50)
      throw new Error(`The server's clock is off by ${most} ms, and was to be by ${offset} ms.`)
  }
}
