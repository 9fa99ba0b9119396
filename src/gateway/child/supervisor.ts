/** Starts the app, starts it again when it dies, and ends it with us. Sessions outlive all of that. */
import { type ChildProcess, spawn } from 'node:child_process'
import { type AddressInfo, connect, createServer } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { ConfigError } from '../../core/errors.ts'
import type { Log, LogFields } from '../log.ts'
import { processStart } from './process-identity.ts'
import type { RunFile, RunningApp } from './run-file.ts'

export interface SupervisorOptions {
  readonly command: string
  /** `{port}` stands for the port the app is to use. */
  readonly args: readonly string[]
  /** The port the app was told to use by its own arguments; `null`: a free one is chosen. */
  readonly port: number | null
  /** Added to the environment for the port chosen. */
  environment(port: number): NodeJS.ProcessEnv
  readonly runFile: RunFile
  /** An app of an earlier run that goes on; `null`: one is started. */
  readonly survivor: RunningApp | null
  /** Where the app reaches its state. */
  readonly statePort: number | null
  readonly log: Log
}

export interface Supervisor {
  /** Where the app listens, on loopback; the same for the life of the gateway. */
  readonly port: number
  /** Resolves once the app takes connections; rejects with `ConfigError` if it ends before, or after `patience` ms. */
  ready(patience: number): Promise<void>
  /** Ends the app and everything it started. */
  stop(): Promise<void>
  /** The same at once, without waiting for it to finish anything. */
  kill(): void
}

const firstPause = 500
const longestPause = 15_000
// An app that ran this long and then died starts again at once.
const healthyAfter = 30_000
const graceBeforeKill = 8_000

export async function superviseApp(options: SupervisorOptions): Promise<Supervisor> {
  const { log, survivor, statePort } = options
  const port = survivor?.port ?? options.port ?? (await freePort())
  let app: RunningApp | null = survivor
  let child: ChildProcess | null = null
  let stopping = false
  let pause = firstPause
  let failure: ConfigError | null = null
  let everReady = survivor !== null

  const start = (): void => {
    const startedAt = Date.now()
    const args = options.args.map((arg) => arg.replaceAll('{port}', String(port)))
    // A group of its own: a wrapper (npx, uv, sh) and what it started end together, and Ctrl-C reaches us first.
    const env = options.environment(port)
    try {
      child = spawn(options.command, args, { stdio: 'inherit', env, detached: true })
    } catch (error) {
      // Some reasons are thrown (not enough memory), most are told by an event (no such command, too many processes).
      return notStarted(error as NodeJS.ErrnoException)
    }
    // It comes in place of an exit. (It would also tell of a signal that was not delivered; none is sent this way.)
    child.once('error', notStarted)
    child.once('spawn', () => {
      app = { pid: child?.pid ?? 0, port, statePort }
      log.write('info', 'app_started', { pid: app.pid, port })
      options.runFile.write(app).catch(unremembered)
    })
    child.once('exit', (code, signal) => died(startedAt, signal ?? String(code)))
  }

  const notStarted = (error: NodeJS.ErrnoException): void => {
    // A later start fails for what passes: the command is away while a new one is put in its place, the machine is full.
    if (everReady) return startLater('app_not_started', { reason: error.code ?? error.message })
    const missing = error.code === 'ENOENT' ? 'there is no such command here' : error.message
    failure = new ConfigError('ERR_CONFIG_INVALID', `Cannot start ${options.command}: ${missing}.`)
  }

  // A folder that is not ours to write, or a full disk, costs the taking over after a kill, and nothing that works now.
  const unremembered = (error: unknown): void =>
    log.write('warn', 'run_file_not_written', { reason: String(error) })

  const died = (startedAt: number, how: string): void => {
    app = null
    if (stopping) return
    if (!everReady) {
      failure = new ConfigError(
        'ERR_CONFIG_INVALID',
        `The app ended before it took a connection (${how}). See its output.`,
      )
      return
    }
    if (Date.now() - startedAt >= healthyAfter) pause = firstPause
    startLater('app_ended', { how })
  }

  const startLater = (event: string, why: LogFields): void => {
    if (stopping) return
    log.write('warn', event, { ...why, restart_in_ms: pause })
    void wait(pause).then(() => {
      if (!stopping) start()
    })
    pause = Math.min(pause * 2, longestPause)
  }

  if (survivor === null) start()
  else {
    log.write('info', 'app_taken_over', { pid: survivor.pid, port })
    void watchSurvivor(survivor, () => died(0, 'gone'))
  }

  return {
    port,

    async ready(patience) {
      const until = Date.now() + patience
      while (Date.now() < until) {
        if (failure !== null) throw failure
        if (await takesConnections(port)) {
          everReady = true
          return
        }
        await wait(50)
      }
      throw new ConfigError(
        'ERR_CONFIG_INVALID',
        `The app did not listen on 127.0.0.1:${port} within ${patience / 1000} s. Put {port} where its command takes a ` +
          'port, or start it yourself and use: holdfast serve --upstream <url>',
      )
    },

    async stop() {
      stopping = true
      if (app !== null) await endGroup(app.pid)
      await options.runFile.remove().catch(unremembered)
    },

    kill() {
      stopping = true
      if (app !== null) send(app.pid, 'SIGKILL')
    },
  }
}

async function endGroup(pid: number): Promise<void> {
  const start = await processStart(pid)
  if (!send(pid, 'SIGTERM')) return
  const until = Date.now() + graceBeforeKill
  while (Date.now() < until) {
    if ((await processStart(pid)) !== start || start === null) break
    await wait(50)
  }
  // Also what its leader left behind.
  send(pid, 'SIGKILL')
}

function send(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(-pid, signal)
    return true
  } catch {
    return false
  }
}

/** A survivor is not our child: only looking tells when it ends. */
async function watchSurvivor({ pid }: RunningApp, onEnd: () => void): Promise<void> {
  const start = await processStart(pid)
  while ((await processStart(pid)) === start && start !== null) await wait(1_000, undefined, { ref: false })
  onEnd()
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}

function takesConnections(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
