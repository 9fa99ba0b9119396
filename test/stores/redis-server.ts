/** Real Redis servers for tests: each in a folder of its own, on a free port, ended by its process id. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { createClient } from 'redis'
import { freePort } from '../free-port.ts'

export interface RedisServer {
  readonly port: number
  /** Sends a command and gives the answer as text or lists of text. */
  command(...args: string[]): Promise<unknown>
  /** As if its machine hung: connections are accepted, nothing is answered. */
  freeze(): void
  thaw(): void
  /** Ends it at once, as a crash would. */
  kill(): Promise<void>
  /** Starts it again on the same port and data. */
  restart(): Promise<void>
  /** Ends it and removes its data. */
  stop(): Promise<void>
}

/** Whether the machine has a redis-server at all. In CI its absence is a failure. */
export async function until(holds: () => Promise<boolean>, what: string, ms = 15_000): Promise<void> {
  const end = performance.now() + ms
  while (!(await holds().catch(() => false))) {
    if (performance.now() > end) throw new Error(`Not within ${ms} ms: ${what}.`)
    await wait(20)
  }
}

async function ask(port: number, args: readonly string[]): Promise<unknown> {
  const socket = { host: '127.0.0.1', port, connectTimeout: 500, reconnectStrategy: false as const }
  const client = createClient({ RESP: 2, socket, disableClientInfo: true, maintNotifications: 'disabled' })
  client.on('error', () => {})
  await client.connect()
  try {
    return await client.sendCommand([...args])
  } finally {
    client.destroy()
  }
}

/** Starts `redis-server`, or Sentinel, with these settings and variables beside the usual ones, and waits until it answers. */
export async function startRedis(
  settings: Readonly<Record<string, string>> = {},
  sentinel: readonly string[] | null = null,
  env: Readonly<Record<string, string>> = {},
): Promise<RedisServer> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-redis-'))
  const port = await freePort()
  const usual = sentinel === null ? { save: '""', appendonly: 'no', 'repl-diskless-sync-delay': '0' } : {}
  const lines = Object.entries({ bind: '127.0.0.1', port: `${port}`, dir: folder, ...usual, ...settings })
  const file = join(folder, 'redis.conf')
  writeFileSync(file, `${[...lines.map((line) => line.join(' ')), ...(sentinel ?? [])].join('\n')}\n`)
  let child: ChildProcess

  async function start(): Promise<void> {
    const args = [file, ...(sentinel === null ? [] : ['--sentinel'])]
    child = spawn('redis-server', args, { stdio: 'ignore', env: { ...process.env, ...env } })
    const failed = once(child, 'error').then(([error]) => {
      throw error
    })
    failed.catch(() => {})
    await Promise.race([
      failed,
      until(async () => (await ask(port, ['PING'])) === 'PONG', `redis-server on ${port} answers`),
    ])
  }

  async function kill(): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return
    const exit = once(child, 'exit')
    child.kill('SIGKILL')
    await exit
  }

  await start()
  return {
    port,
    command: (...args) => ask(port, args),
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    kill,
    restart: start,
    async stop() {
      await kill()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
