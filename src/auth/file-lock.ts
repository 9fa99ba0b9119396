import { randomUUID } from 'node:crypto'
import { open, readFile, readlink, rm, stat } from 'node:fs/promises'
import { hostname } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { ConfigError } from '../core/errors.ts'

/** A lock held on a file. */
export interface FileLock {
  /** Throws `ERR_USERS_LOCKED` unless the lock is still ours: asked right before a change becomes visible. */
  assertHeld(): Promise<void>
  /** Gives the lock back. Never removes somebody else's. */
  release(): Promise<void>
}

/** Who holds a lock, as the lock file says. `home` is the process table the pid belongs to. */
interface Holder {
  readonly token: string
  readonly pid: number
  readonly startedAt: string
  readonly home: string
}

// A holder on another machine or in another container cannot be asked whether it lives; an edit takes milliseconds.
const foreignLifetime = 60_000
// Between making the lock file and writing into it there are microseconds, unless the process died there.
const unwrittenLifetime = 5_000

/**
 * Takes the lock of `path`: a file beside it, made with O_EXCL, so it holds across processes. The lock of a process
 * that died is taken over. Throws `ERR_USERS_LOCKED` after `patience` seconds.
 */
export async function lockFile(path: string, patience: number): Promise<FileLock> {
  return take(`${path}.lock`, Date.now() + patience * 1000)
}

async function take(lock: string, deadline: number): Promise<FileLock> {
  const me: Holder = { token: randomUUID(), ...(await thisProcess()) }
  for (;;) {
    if (await make(lock, me)) return held(lock, me)
    const found = await look(lock)
    if (found === 'free') continue
    if (await isDead(found)) {
      await bury(lock, found, deadline)
      continue
    }
    if (Date.now() > deadline) throw locked(lock, found.holder)
    // Jitter, so that waiters do not all come back in step.
    await delay(5 + Math.random() * 20)
  }
}

function held(lock: string, me: Holder): FileLock {
  const isOurs = async (): Promise<boolean> => {
    const found = await look(lock)
    return found !== 'free' && found.holder?.token === me.token
  }
  return {
    async assertHeld() {
      if (!(await isOurs())) throw locked(lock, null)
    },
    async release() {
      if (await isOurs()) await rm(lock, { force: true })
    },
  }
}

interface Found {
  readonly holder: Holder | null
  readonly age: number
}

async function make(lock: string, me: Holder): Promise<boolean> {
  try {
    const file = await open(lock, 'wx', 0o600)
    try {
      await file.writeFile(JSON.stringify(me))
    } finally {
      await file.close()
    }
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
}

async function look(lock: string): Promise<Found | 'free'> {
  try {
    const [text, { mtimeMs }] = await Promise.all([readFile(lock, 'utf8'), stat(lock)])
    return { holder: parseHolder(text), age: Date.now() - mtimeMs }
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return 'free'
    throw error
  }
}

async function isDead({ holder, age }: Found): Promise<boolean> {
  if (holder === null) return age > unwrittenLifetime
  const here = await thisProcess()
  // A pid means nothing outside its own process table: another container's pid 7 is not ours.
  if (holder.home !== here.home) return age > foreignLifetime
  try {
    process.kill(holder.pid, 0)
  } catch (error) {
    return codeOf(error) === 'ESRCH'
  }
  // The pid lives, but is it the same process? Pids come round again, in containers within minutes.
  return (await startOf(holder.pid)) !== holder.startedAt
}

/**
 * Removes the lock of a dead process. Two waiters may both have seen it dead; without care the slower would remove the
 * lock the faster has just made. So only who holds the lock's own lock removes it, and only if it is still that one.
 */
async function bury(lock: string, dead: Found, deadline: number): Promise<void> {
  const spade = await take(`${lock}.break`, deadline)
  try {
    const found = await look(lock)
    if (found !== 'free' && found.holder?.token === dead.holder?.token && (await isDead(found))) {
      await rm(lock, { force: true })
    }
  } finally {
    await spade.release()
  }
}

async function thisProcess(): Promise<Omit<Holder, 'token'>> {
  const namespace = await readlink('/proc/self/ns/pid').catch(() => '')
  return { pid: process.pid, startedAt: await startOf(process.pid), home: `${hostname()} ${namespace}` }
}

/** When a process began, in the kernel's ticks since boot; empty where the kernel does not say. */
async function startOf(pid: number): Promise<string> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  // proc(5): the second field is the program's name in parentheses and may hold anything; field 22 is the start.
  return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? ''
}

function parseHolder(text: string): Holder | null {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null) return null
    const { token, pid, startedAt, home } = value as Partial<Record<keyof Holder, unknown>>
    const complete =
      typeof token === 'string' &&
      typeof startedAt === 'string' &&
      typeof home === 'string' &&
      Number.isSafeInteger(pid) &&
      Number(pid) > 0
    return complete ? { token, pid: Number(pid), startedAt, home } : null
  } catch {
    return null
  }
}

function locked(lock: string, holder: Holder | null): ConfigError {
  const who = holder === null ? 'another process' : `process ${holder.pid} (${holder.home.split(' ')[0]})`
  return new ConfigError(
    'ERR_USERS_LOCKED',
    `${who} holds ${lock}, so nothing was changed. Try again; if no such process runs, remove that file.`,
  )
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code
}
