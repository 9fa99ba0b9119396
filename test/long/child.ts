/** Scripts that run beside a test, each in a process of its own, and what the system says of a process. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

/** Starts a script of this folder; it is killed when the test is over. */
export function startScript(name: string, ...args: readonly string[]): ChildProcess {
  const child = fork(fileURLToPath(new URL(`${name}.ts`, import.meta.url)), args, { execArgv: [] })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

/** The next thing it tells. */
export async function message<T>(child: ChildProcess): Promise<T> {
  const ended = once(child, 'exit').then(() => {
    throw new Error('It ended before it had anything to tell. Is `ulimit -n` high enough?')
  })
  const [value] = (await Promise.race([once(child, 'message'), ended])) as [T]
  return value
}

/** The memory a process holds, in bytes. */
export function resident(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024
}

/** How many files and sockets it has open. */
export function descriptors(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length
}
