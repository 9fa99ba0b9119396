import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, chmodSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { Client } from 'pg'
import { freePort } from '../free-port.ts'

/** A PostgreSQL server of the tests' own, in a temporary folder, on a free port of loopback. */
export interface PostgresServer {
  readonly folder: string
  readonly port: number
  url(schema: string, host?: string): string
  /** Runs SQL as an administrator, in another connection than any store's. */
  sql(text: string, ...values: readonly unknown[]): Promise<readonly Record<string, unknown>[]>
  /** Changes a setting of the running server, or (`null`) takes it back, and waits until it holds. */
  set(name: string, value: string | null): Promise<void>
  /** Waits until a backend is (or none is) at what the condition on `pg_stat_activity` says. */
  seen(condition: string, isThere?: boolean): Promise<void>
  /** Starts it again on the same data and port. */
  start(settings?: readonly string[]): Promise<void>
  /** Kills every process of it at once, as a crash of the machine would. */
  kill(): Promise<void>
  /** Ends it in good order, by the postmaster's process id. */
  stop(): Promise<void>
  /** Stops all its processes where they stand: it accepts connections (the kernel does) and answers nothing. */
  freeze(): void
  thaw(): void
  /** Stops it and removes the data. */
  remove(): Promise<void>
}

/** Where the programs of the newest PostgreSQL on this machine are. */
export function postgresPrograms(): string {
  const root = '/usr/lib/postgresql'
  const versions = existsSync(root) ? readdirSync(root).sort((a, b) => Number(b) - Number(a)) : []
  const [newest] = versions
  if (newest === undefined) throw new Error('PostgreSQL is not installed: apt-get install postgresql.')
  return join(root, newest, 'bin')
}

// PostgreSQL refuses to run as root.
function asOrdinaryUser(command: string, args: readonly string[]): [string, string[]] {
  if (process.getuid?.() !== 0) return [command, [...args]]
  return ['setpriv', ['--reuid=postgres', '--regid=postgres', '--clear-groups', command, ...args]]
}

function prepareFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-postgres-'))
  if (process.getuid?.() !== 0) return folder
  chmodSync(folder, 0o755)
  const done = spawnSync('chown', ['postgres:postgres', folder])
  if (done.status !== 0) throw new Error('There is no user postgres.')
  return folder
}

/** Makes and starts a server. `primary` makes it a standby of that one. */
export async function startPostgres(
  settings: readonly string[] = [],
  primary?: PostgresServer,
  env: Readonly<Record<string, string>> = {},
): Promise<PostgresServer> {
  const programs = postgresPrograms()
  const folder = prepareFolder()
  const data = join(folder, 'data')
  const port = await freePort()
  let server: ChildProcess | null = null
  let frozen: number[] = []

  const [command, args] = primary
    ? asOrdinaryUser(join(programs, 'pg_basebackup'), [
        ...['-h', '127.0.0.1', '-p', `${primary.port}`, '-U', 'admin', '-D', data, '-R', '-c', 'fast'],
        '--no-sync',
      ])
    : asOrdinaryUser(join(programs, 'initdb'), [
        ...['-D', data, '-U', 'admin', '-A', 'trust', '-E', 'UTF8', '--locale=C'],
        ...['--no-sync', '--no-instructions'],
      ])
  const made = spawnSync(command, args, { cwd: folder, encoding: 'utf8' })
  if (made.status !== 0) throw new Error(`No server could be made: ${made.stderr}`)
  // Here processes are killed, never the machine, so nothing is lost; and the disk of a machine that runs tests may stand
  // still for longer than the second that every call has. What is given on the command line counts more.
  if (primary === undefined) appendFileSync(join(data, 'postgresql.conf'), 'fsync = off\n')

  function url(schema: string, host = `127.0.0.1:${port}`): string {
    return `postgres://admin@${host}/postgres?schema=${schema}`
  }

  async function sql(text: string, ...values: readonly unknown[]): Promise<Record<string, unknown>[]> {
    const client = new Client({ connectionString: `postgres://admin@127.0.0.1:${port}/postgres` })
    client.on('error', () => {})
    await client.connect()
    try {
      const result = await client.query<Record<string, unknown>>(text, [...values])
      return result.rows ?? []
    } finally {
      await client.end()
    }
  }

  /** Stops the postmaster, and gives it and all its children, found by their parent. */
  function heldProcesses(): number[] {
    const postmaster = server?.pid
    if (postmaster === undefined) return []
    // First, or what it forks for a new connection while they are listed goes on: answers of a server that is frozen, or
    // after a kill waits for ever for a lock that nobody holds any more, and keeps the next start from the shared memory.
    signal([postmaster], 'SIGSTOP')
    const listed = spawnSync('ps', ['-o', 'pid=', '--ppid', `${postmaster}`], { encoding: 'utf8' }).stdout
    const children = listed
      .split('\n')
      .map(Number)
      .filter((pid) => pid > 0)
    return [postmaster, ...children]
  }

  async function start(more: readonly string[] = []): Promise<void> {
    const all = [
      `port=${port}`,
      'listen_addresses=127.0.0.1',
      'unix_socket_directories=',
      ...settings,
      ...more,
    ]
    const [program, given] = asOrdinaryUser(join(programs, 'postgres'), [
      ...['-D', data],
      ...all.flatMap((setting) => ['-c', setting]),
    ])
    server = spawn(program, given, {
      cwd: folder,
      env: { ...process.env, ...env },
      stdio: process.env.HOLDFAST_TEST_SERVER_LOG ? 'inherit' : 'ignore',
    })
    for (let attempt = 0; ; attempt++) {
      try {
        await sql('SELECT 1')
        return
      } catch (error) {
        if (attempt === 400 || server.exitCode !== null) throw error
        await wait(25)
      }
    }
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    const ended = server
    if (ended === null) return
    server = null
    const exit = once(ended, 'exit')
    ended.kill(signal)
    if (ended.exitCode === null && ended.signalCode === null) await exit
  }

  function signal(pids: readonly number[], name: NodeJS.Signals): void {
    for (const pid of pids) {
      try {
        process.kill(pid, name)
      } catch {
        // It ended by itself in between.
      }
    }
  }

  await start()
  return {
    folder,
    port,
    url,
    sql,
    start,

    async set(name, value) {
      const shown = async (): Promise<unknown> =>
        (await sql(`SELECT current_setting('${name}') AS value`))[0]?.value
      const before = await shown()
      await sql(value === null ? `ALTER SYSTEM RESET ${name}` : `ALTER SYSTEM SET ${name} = '${value}'`)
      await sql('SELECT pg_reload_conf()')
      while ((await shown()) === before) await wait(5)
    },

    async seen(condition, isThere = true) {
      const query = `SELECT 1 FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND ${condition}`
      while ((await sql(query)).length > 0 !== isThere) await wait(5)
    },

    async kill() {
      const pids = heldProcesses()
      const exit = server === null ? undefined : once(server, 'exit')
      server = null
      signal(pids, 'SIGKILL')
      await exit
      // The kernel frees the shared memory when the last of them is gone.
      while (pids.some((pid) => existsSync(`/proc/${pid}`))) await wait(5)
    },

    stop: () => end('SIGINT'),

    freeze() {
      frozen = heldProcesses()
      signal(frozen, 'SIGSTOP')
    },

    thaw() {
      signal(frozen, 'SIGCONT')
      frozen = []
    },

    async remove() {
      signal(frozen, 'SIGCONT')
      await end('SIGQUIT')
      rmSync(folder, { recursive: true })
    },
  }
}
