/** The store that all replicas of a run share, and what can be done to its server. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { postgresPrograms, startPostgres } from '../test/stores/postgres-server.ts'
import { type RedisServer, startRedis, until } from '../test/stores/redis-server.ts'

export type BackendName = 'redis' | 'redis-replica' | 'postgres' | 'sqlite'

export interface Backend {
  readonly name: BackendName
  /** Program and version, for the results. */
  readonly version: string
  /** What `--store` is told, with the host and port of a replica's link. */
  url(endpoint: string): string
  /** Where links lead now; `null` where the store is a file. */
  readonly port: (() => number) | null
  readonly server: {
    freeze(): void
    thaw(): void
    kill(): Promise<void>
    restart(): Promise<void>
  } | null
  /** Its copy falls behind, for so long; then the server is lost and the copy takes its place. `null`: there is no copy. */
  readonly failOver: ((behindMs: number) => Promise<void>) | null
  remove(): Promise<void>
}

export async function startBackend(name: BackendName): Promise<Backend> {
  if (name === 'postgres') return postgres()
  if (name === 'redis') return redis()
  if (name === 'redis-replica') return redisWithReplica()
  return sqlite()
}

async function postgres(): Promise<Backend> {
  // Real durability, for it is killed.
  const server = await startPostgres(['synchronous_commit=on', 'max_connections=80'])
  const version = execFileSync(join(postgresPrograms(), 'postgres'), ['--version'], { encoding: 'utf8' })
  return {
    ...{ name: 'postgres', version: version.trim(), port: () => server.port, failOver: null },
    url: (endpoint) => server.url('holdfast', endpoint),
    server: { freeze: server.freeze, thaw: server.thaw, kill: server.kill, restart: () => server.start() },
    remove: () => server.remove(),
  }
}

const durable = { appendonly: 'yes', appendfsync: 'always' }

function redisVersion(): string {
  const said = execFileSync('redis-server', ['--version'], { encoding: 'utf8' })
  return `Redis ${/v=([\d.]+)/.exec(said)?.[1] ?? said}`
}

async function redis(): Promise<Backend> {
  const server = await startRedis(durable)
  return {
    ...{ name: 'redis', version: redisVersion(), port: () => server.port, failOver: null },
    url: (endpoint) => `redis://${endpoint}`,
    server,
    remove: () => server.stop(),
  }
}

async function follows(server: RedisServer): Promise<boolean> {
  return String(await server.command('INFO', 'replication')).includes('master_link_status:up')
}

/** One replica, and an address that leads to whichever is the primary: as behind a load balancer. */
async function redisWithReplica(): Promise<Backend> {
  let primary = await startRedis(durable)
  let copy = await startRedis({ ...durable, replicaof: `127.0.0.1 ${primary.port}` })
  await until(() => follows(copy), 'the replica follows')
  const server = {
    freeze: () => primary.freeze(),
    thaw: () => primary.thaw(),
    kill: () => primary.kill(),
    restart: () => primary.restart(),
  }
  return {
    ...{
      name: 'redis-replica',
      version: `${redisVersion()} with a replica`,
      port: () => primary.port,
      server,
    },
    url: (endpoint) => `redis://${endpoint}?replicas=1`,
    async failOver(behindMs) {
      const [lost, next] = [primary, copy]
      // As in a partition: what the primary says from now on never arrives.
      next.freeze()
      await lost.command('CLIENT', 'KILL', 'TYPE', 'replica')
      await new Promise((resolve) => setTimeout(resolve, behindMs))
      await lost.kill()
      next.thaw()
      await next.command('REPLICAOF', 'NO', 'ONE')
      primary = next
      copy = lost
      await lost.restart()
      await lost.command('REPLICAOF', '127.0.0.1', `${next.port}`)
      await until(() => follows(lost), 'the old primary follows')
    },
    async remove() {
      primary.thaw()
      copy.thaw()
      await Promise.all([primary.stop(), copy.stop()])
    },
  }
}

async function sqlite(): Promise<Backend> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-faults-'))
  const { DatabaseSync } = await import('node:sqlite')
  const database = new DatabaseSync(':memory:')
  const found = database.prepare('SELECT sqlite_version() AS version').get()
  database.close()
  return {
    ...{ name: 'sqlite', version: `SQLite ${found?.version}`, port: null, server: null, failOver: null },
    url: () => `sqlite:${join(folder, 'holdfast.db')}`,
    async remove() {
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
