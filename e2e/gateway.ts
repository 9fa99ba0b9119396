/** Starts the real command, as its own process, in a folder of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type NewUser, openUsersFile } from '../src/auth/users-file.ts'
import { freePort } from '../test/free-port.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const cli = join(root, 'src/cli/main.ts')

/** The folder whose `streamlit` the tests start. */
export const pythonBin: string = process.env.HOLDFAST_TEST_PYTHON_BIN ?? join(root, '.venv/bin')

export const password = 'a kelp forest at dawn'

/** Anna is an administrator, Ben is not. */
export const users: Readonly<Record<string, NewUser>> = {
  anna: { password, name: 'Anna Berg', email: 'anna@example.org', roles: ['admin'] },
  ben: { password, name: 'Ben Öst', email: 'ben@example.org' },
}

export interface RunOptions {
  /** An app of `e2e/apps`, or any path. @default probe.py */
  readonly app?: string
  /** More options of `holdfast run`. */
  readonly options?: readonly string[]
  readonly env?: NodeJS.ProcessEnv
  /** Where users file and store lie; made if absent. */
  readonly folder?: string
  readonly port?: number
  /** The address to wait at, where it is not the one listened at. */
  readonly ready?: string
}

/** A running command. */
export interface Running {
  readonly pid: number
  readonly url: string
  readonly port: number
  readonly folder: string
  /** Everything it has printed so far. */
  output(): string
  /** What it has logged of one event so far. */
  logged(event: string): readonly Readonly<Record<string, unknown>>[]
  /** Ends it as a deploy would, and waits. */
  stop(): Promise<number | null>
  /** SIGKILL, at once: the app it started lives on. */
  kill(): Promise<void>
  /** The same command again: same folder, same port, and what `env` adds to its environment. */
  again(env?: NodeJS.ProcessEnv): Promise<Running>
}

/** Starts `holdfast run -- streamlit run <app>` and waits until it serves. */
export async function runGateway(options: RunOptions = {}): Promise<Running> {
  const folder = options.folder ?? (await newFolder())
  const port = options.port ?? (await freePort())
  const app = options.app ?? 'probe.py'
  const path = app.includes('/') ? app : join(root, 'e2e/apps', app)
  const args = ['run', '--listen', `127.0.0.1:${port}`, '--users', join(folder, 'users.yaml')]
  args.push(
    '--store',
    `sqlite:${join(folder, 'store/holdfast.db')}`,
    '--log',
    'json',
    ...(options.options ?? []),
  )
  return start({ ...options, folder, port }, [...args, '--', 'streamlit', 'run', path])
}

/** Starts `holdfast serve` before an upstream that runs already. */
export async function serveGateway(upstream: string, options: RunOptions = {}): Promise<Running> {
  const folder = options.folder ?? (await newFolder())
  const port = options.port ?? (await freePort())
  const args = ['serve', '--upstream', upstream, '--listen', `127.0.0.1:${port}`]
  args.push('--users', join(folder, 'users.yaml'), '--store', `sqlite:${join(folder, 'store/holdfast.db')}`)
  return start({ ...options, folder, port }, [...args, '--log', 'json', ...(options.options ?? [])])
}

/** Starts Streamlit as people do who use `serve`: by itself, with what `env` adds to its environment. */
export async function startStreamlit(
  app: string,
  port: number,
  env: NodeJS.ProcessEnv = {},
): Promise<{ stop(): Promise<void> }> {
  const options = [
    '--server.address',
    '127.0.0.1',
    '--server.port',
    String(port),
    '--server.headless',
    'true',
  ]
  const child = spawn('streamlit', ['run', join(root, 'e2e/apps', app), ...options], {
    env: environment(env),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let printed = ''
  child.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (printed += chunk.toString()))
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  await readiness(
    child,
    `http://127.0.0.1:${port}${env.STREAMLIT_SERVER_BASE_URL_PATH ?? ''}/_stcore/health`,
    () => printed,
  )
  return {
    stop() {
      child.kill('SIGKILL')
      return exited
    },
  }
}

/** Runs any other command of the CLI to its end. */
export function holdfast(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [cli, ...args], {
      env: environment(env),
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.once('close', (code) => resolve({ code, output }))
  })
}

/** What a Streamlit behind `serve` is started with, as `holdfast env streamlit` prints it for these options. */
export async function streamlitEnvironment(options: readonly string[]): Promise<NodeJS.ProcessEnv> {
  const { code, output } = await holdfast(['env', 'streamlit', '--format', 'json', ...options])
  if (code !== 0) throw new Error(output)
  return JSON.parse(output) as NodeJS.ProcessEnv
}

/** A temporary folder with the users file in it; removed with `removeFolder`. */
export async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-e2e-'))
  const file = await openUsersFile(join(folder, 'users.yaml'), { create: true })
  for (const [name, user] of Object.entries(users)) await file.add(name, user)
  await file.close()
  await writeFile(join(folder, '.keep'), '')
  return folder
}

export async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 5 })
}

function environment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const path = `${pythonBin}${delimiter}${process.env.PATH ?? ''}`
  return { ...process.env, PATH: path, ...env }
}

async function start(
  options: RunOptions & { folder: string; port: number },
  args: readonly string[],
): Promise<Running> {
  const { folder, port } = options
  const child = spawn(process.execPath, [cli, ...args], {
    env: environment(options.env ?? {}),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let printed = ''
  const keep = (chunk: Buffer): void => {
    printed += chunk.toString()
  }
  child.stdout.on('data', keep)
  child.stderr.on('data', keep)
  let told = false
  const exited = new Promise<number | null>((resolve) =>
    child.once('exit', (code, signal) => {
      resolve(code)
      // Whatever test it fails, this is why.
      if (!told) process.stderr.write(`The command ended by itself (${signal ?? code}):\n${printed}\n`)
    }),
  )
  await readiness(child, options.ready ?? `http://127.0.0.1:${port}/_holdfast/ready`, () => printed)

  return {
    pid: child.pid ?? 0,
    url: `http://127.0.0.1:${port}`,
    port,
    folder,
    output: () => printed,
    logged: (event) =>
      printed
        .split('\n')
        .filter((line) => line.startsWith('{') && line.endsWith('}') && line.includes(`"${event}"`))
        .map((line) => JSON.parse(line) as Record<string, unknown>)
        .filter((entry) => entry.event === event),
    async stop() {
      told = true
      child.kill('SIGTERM')
      return exited
    },
    async kill() {
      told = true
      child.kill('SIGKILL')
      await exited
    },
    again: (env) => start({ ...options, env: { ...options.env, ...env } }, args),
  }
}

async function readiness(child: ChildProcess, url: string, output: () => string): Promise<void> {
  const until = Date.now() + 60_000
  while (Date.now() < until) {
    if (child.exitCode !== null) throw new Error(`The command ended with ${child.exitCode}:\n${output()}`)
    const ok = await fetch(url)
      .then((answer) => answer.ok)
      .catch(() => false)
    if (ok) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`Not ready after 60 s:\n${output()}`)
}
