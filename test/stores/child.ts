import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Request } from './sqlite-child.ts'

/** Another process on the same store file. */
export interface Child {
  /** Asks and waits for the answer. */
  ask(request: Request): Promise<unknown>
  /** The next line it says, without being asked; `null` after its end. */
  next(): Promise<unknown>
  kill(): Promise<void>
  /** Lets it close its store and end by itself. */
  end(): Promise<number | null>
}

/** Starts a process with a store on the file, under another command if one is given, and waits until it is open. */
export async function startChild(path: string, pollMs = 25, under: readonly string[] = []): Promise<Child> {
  const script = fileURLToPath(new URL('./sqlite-child.ts', import.meta.url))
  const [command = process.execPath, ...args] = [...under, process.execPath, script, path, `${pollMs}`]
  const child: ChildProcess = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const exit = once(child, 'exit')
  if (child.stdout === null) throw new Error('The child has no output.')
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()

  async function next(): Promise<unknown> {
    const line = await lines.next()
    return line.done ? null : JSON.parse(line.value)
  }

  if ((await next()) !== 'ready') throw new Error('The child did not start.')
  return {
    next,
    ask(request) {
      child.stdin?.write(`${JSON.stringify(request)}\n`)
      return next()
    },
    async kill() {
      child.kill('SIGKILL')
      await exit
    },
    async end() {
      child.stdin?.end()
      await exit
      return child.exitCode
    },
  }
}
