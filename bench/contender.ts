/** A contender: its own process, its port, and the processor time it has used. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openUsersFile } from '../src/auth/users-file.ts'

export interface Contender {
  readonly name: string
  readonly port: number
  /** Sent with every request. */
  readonly headers: Readonly<Record<string, string>>
  /** Processor time used so far, in microseconds. */
  cpu(): number
  /** Resident memory, in bytes. */
  memory(): number
  stop(): void
}

const here = fileURLToPath(new URL('.', import.meta.url))
const password = 'a bench on the quay'

/** Starts a script that prints its port. */
export async function start(
  name: string,
  script: string,
  upstream: string,
  flags: readonly string[] = [],
): Promise<Contender> {
  const child = spawn(process.execPath, [...flags, join(here, script), upstream], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const port = Number(await firstLine(child, () => true))
  return contender(name, child, port, {})
}

/** Starts the real `holdfast serve` on SQLite and signs in as a person would. */
export async function startHoldfast(
  name: string,
  upstream: string,
  flags: readonly string[] = [],
): Promise<Contender> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-bench-'))
  const users = join(folder, 'users.yaml')
  const file = await openUsersFile(users, { create: true })
  await file.add('bench', { password, name: 'Bench', email: 'bench@example.org', roles: ['a', 'b'] })
  await file.close()
  const options = [
    'serve',
    '--upstream',
    upstream,
    '--listen',
    '127.0.0.1:0',
    '--users',
    users,
    '--log',
    'json',
  ]
  const args = [
    ...flags,
    join(here, '../src/cli/main.ts'),
    ...options,
    '--store',
    `sqlite:${join(folder, 'db/holdfast.db')}`,
  ]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const line = await firstLine(child, (text) => text.includes('"listening"'))
  const { url } = JSON.parse(line) as { url: string }
  const cookie = await signIn(url)
  const one = contender(name, child, Number(new URL(url).port), { cookie, origin: url })
  return {
    ...one,
    stop() {
      one.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function contender(
  name: string,
  child: ChildProcess,
  port: number,
  headers: Readonly<Record<string, string>>,
): Contender {
  const pid = child.pid ?? 0
  return {
    name,
    port,
    headers,
    cpu() {
      // In nanoseconds, thread by thread; the sum of the process comes in ticks of ten milliseconds.
      const threads = readdirSync(`/proc/${pid}/task`)
      const used = threads.map(
        (one) => readFileSync(`/proc/${pid}/task/${one}/schedstat`, 'utf8').split(' ', 1)[0],
      )
      return used.reduce((sum, nanoseconds) => sum + Number(nanoseconds) / 1_000, 0)
    },
    memory() {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8')
      return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024
    },
    stop: () => child.kill('SIGKILL'),
  }
}

function firstLine(child: ChildProcess, wanted: (line: string) => boolean): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    child.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      const line = text.split('\n').slice(0, -1).find(wanted)
      if (line !== undefined) resolve(line)
    })
    child.once('exit', (code) => reject(new Error(`ended with ${code} before it was ready: ${text}`)))
  })
}

async function signIn(url: string): Promise<string> {
  const page = await fetch(`${url}/_holdfast/sign-in`)
  const binding = page.headers
    .getSetCookie()
    .map((line) => line.split(';', 1)[0])
    .join('; ')
  const token = /name="form_token" value="([^"]+)"/.exec(await page.text())?.[1] ?? ''
  const answer = await fetch(`${url}/_holdfast/sign-in`, {
    method: 'POST',
    redirect: 'manual',
    headers: { origin: url, cookie: binding, 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ username: 'bench', password, form_token: token, return_to: '/' }),
  })
  const session = answer.headers.getSetCookie().find((line) => /^holdfast-\d+=/.test(line))
  if (answer.status !== 303 || session === undefined) throw new Error(`sign-in answered ${answer.status}`)
  return session.split(';', 1)[0] ?? ''
}
