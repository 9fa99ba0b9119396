/** The real command, as its own process, in a folder of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const cli = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

/** An app for `run` and `serve`: answers `hello`, and listens where PORT says. */
export const app: string = fileURLToPath(new URL('./app.ts', import.meta.url))

/** A password that every rule accepts. */
export const password = 'a kelp forest at dawn'

/** How a command ended. */
export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface CallOptions {
  readonly folder: string
  readonly env?: NodeJS.ProcessEnv
  readonly input?: string
  /** The program, where it is not the one of this checkout. */
  readonly main?: string
}

/** A command that runs. */
export interface Started {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  /** Resolves with the first match in what it prints; rejects if it ends without one. */
  printed(pattern: RegExp): Promise<RegExpExecArray>
}

/** A temporary folder, removed after `work`. */
export async function inFolder<Value>(work: (folder: string) => Promise<Value>): Promise<Value> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-cli-'))
  try {
    return await work(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Runs a command to its end. */
export function holdfast(args: readonly string[], options: CallOptions): Promise<Ended> {
  return start(args, options).ended
}

/** Starts a command. */
export function start(
  args: readonly string[],
  { folder, env = {}, input, main = cli }: CallOptions,
): Started {
  const child = spawn(process.execPath, [main, ...args], {
    cwd: folder,
    env: { ...withoutOurs(process.env), ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
    // Of a test that failed nothing stays behind.
    timeout: 115_000,
  })
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  let stdout = ''
  let stderr = ''
  const waiting = new Set<() => void>()
  const heard = (): void => {
    for (const one of waiting) one()
  }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
    heard()
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
    heard()
  })
  const ended = new Promise<Ended>((resolve) =>
    child.once('close', (code) => {
      resolve({ code, stdout, stderr })
      heard()
    }),
  )

  return {
    child,
    ended,
    printed: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const match = pattern.exec(stdout)
          if (match === null && child.exitCode === null) return
          waiting.delete(look)
          if (match !== null) resolve(match)
          else
            reject(
              new Error(`It ended with ${child.exitCode} and never printed ${pattern}:\n${stdout}${stderr}`),
            )
        }
        waiting.add(look)
        look()
      }),
  }
}

/** Adds a user to `users.yaml` in the folder. */
export async function addUser(folder: string, name: string, ...more: string[]): Promise<void> {
  const { code, stderr } = await holdfast(['users', 'add', name, '--password-stdin', ...more], {
    folder,
    input: `${password}\n`,
  })
  if (code !== 0) throw new Error(stderr)
}

/** Starts `holdfast run` in front of the test app, and waits until it serves; `work` gets its address. */
export async function running<Value>(
  options: CallOptions & { readonly options?: readonly string[] },
  work: (url: string, started: Started) => Promise<Value>,
): Promise<Value> {
  const args = ['run', '--listen', '127.0.0.1:0', ...(options.options ?? []), '--', process.execPath, app]
  const started = start(args, options)
  try {
    const [, url = ''] = await started.printed(/listening url=(\S+)/)
    return await work(url, started)
  } finally {
    started.child.kill('SIGTERM')
    await started.ended
  }
}

/** Signs in as a browser without scripts does; the session's cookie. */
export async function signIn(url: string, name: string, secret: string = password): Promise<string> {
  const page = await fetch(`${url}/_holdfast/sign-in`, { headers: { accept: 'text/html' } })
  const cookies = page.headers.getSetCookie().map((line) => line.split(';', 1)[0])
  const fields = new URLSearchParams()
  for (const [, key = '', value = ''] of (await page.text()).matchAll(
    /<input[^>]*type="hidden"[^>]*name="([^"]+)"[^>]*value="([^"]*)"/g,
  )) {
    fields.set(key, value)
  }
  fields.set('username', name)
  fields.set('password', secret)
  const answer = await fetch(`${url}/_holdfast/sign-in`, {
    method: 'POST',
    redirect: 'manual',
    headers: {
      cookie: cookies.join('; '),
      origin: url,
      'sec-fetch-site': 'same-origin',
      accept: 'text/html',
    },
    body: fields,
  })
  const session = answer.headers
    .getSetCookie()
    .find((line) => !line.includes('-form') && !line.includes('=;'))
  if (session === undefined) throw new Error(`Not signed in: ${answer.status} ${await answer.text()}`)
  return session.split(';', 1)[0] ?? ''
}

// What this machine has configured is not for these.
function withoutOurs(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('HOLDFAST')))
}
