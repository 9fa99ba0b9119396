import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

/** A program of this folder, running as a process of its own. */
export interface Child {
  readonly process: ChildProcess
  /** The lines printed so far. */
  readonly lines: readonly string[]
  /** Resolves when so many lines have been printed, or the process has ended. */
  printed(count: number): Promise<void>
  /** Resolves to the exit code, `null` if it was killed. */
  readonly ended: Promise<number | null>
}

/** Starts a program of this folder; it is killed when the test is over. */
export function startChild(program: string, ...given: readonly string[]): Child {
  const file = fileURLToPath(new URL(program, import.meta.url))
  const child = spawn(process.execPath, [file, ...given], { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines: string[] = []
  let rest = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\n')
    rest = parts.pop() ?? ''
    lines.push(...parts)
    child.emit('line')
  })
  const ended = once(child, 'close').then(([code]) => code as number | null)
  let over = false
  void ended.then(() => {
    over = true
    child.emit('line')
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  return {
    process: child,
    lines,
    ended,
    async printed(count) {
      while (lines.length < count && !over) await once(child, 'line')
    },
  }
}
