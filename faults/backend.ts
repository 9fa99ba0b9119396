/** The store that all replicas of a run share, and what can be done to its server. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { postgresPrograms, startPostgres } from '../test/stores/postgres-server.ts'
import { startWatched } from '../test/stores/redis-sentinel.ts'
import { type RedisServer, startRedis, until } from '../test/stores/redis-server.ts'
import { postgresFaults } from './postgres-faults.ts'
import { openServerClock, turning } from './server-clock.ts'

export type BackendName = 'redis' | 'redis-replicas' | 'redis-sentinel' | 'postgres' | 'sqlite'

/** What a server goes on doing until it is told otherwise. */
export type SwitchedFault = 'refuse writes' | 'lock tables' | 'take connections' | 'deadlock'

export interface Backend {
  readonly name: BackendName
  /** Program and version, for the results. */
  readonly version: string
  /** What `--store` is told, with the host and port of a replica's link. */
  url(endpoint: string): string
  /** Where links lead now; `null` where there is no one place to go through: a file, or servers that Sentinel names. */
  readonly port: (() => number) | null
  /** Whether it can be reached over loopback alone. */
  readonly isLocal: boolean
  readonly server: {
    freeze(): void | Promise<void>
    thaw(): void | Promise<void>
    kill(): Promise<void>
    restart(): Promise<void>
  } | null
  /** Has it keep something, past all links; resolves when that is on its disk. */
  write(): Promise<unknown>
  /** Loses everything, as one that writes nothing down does when it is started again. `null`: it cannot. */
  readonly empty: (() => Promise<unknown>) | null
  readonly switched: readonly { readonly kind: SwitchedFault; set(isOn: boolean): Promise<void> }[]
  /** Its copy falls behind, for so long; then the server is lost and the copy takes its place. `null`: there is no copy. */
  readonly failOver: ((behindMs: number) => Promise<void>) | null
  /** Turns its machine's clock, so that it is off by so many milliseconds. `null`: it cannot be. */
  readonly turnClock: ((offset: number) => Promise<void>) | null
  remove(): Promise<void>
}

export async function startBackend(name: BackendName): Promise<Backend> {
  if (name === 'postgres') return postgres()
  if (name === 'redis') return redis()
  if (name === 'redis-replicas') return redisWithReplicas()
  if (name === 'redis-sentinel') return watchedRedis()
  return sqlite()
}

async function postgres(): Promise<Backend> {
  // Real durability, for it is killed.
  const clock = openServerClock()
  const settings = ['synchronous_commit=on', 'fsync=on', 'max_connections=80']
  const server = await startPostgres(settings, undefined, clock?.env)
  const version = execFileSync(join(postgresPrograms(), 'postgres'), ['--version'], { encoding: 'utf8' })
  return {
    ...{
      name: 'postgres',
      version: version.trim(),
      port: () => server.port,
      isLocal: false,
      failOver: null,
      empty: null,
      turnClock: turning(clock, async () => {
        const [row] = await server.sql('SELECT extract(epoch FROM clock_timestamp()) * 1000 AS time')
        return Number(row?.time)
      }),
    },
    url: (endpoint) => server.url('holdfast', endpoint),
    write: () => server.sql("SELECT pg_logical_emit_message(true, 'fault suite', 'still there')"),
    switched: postgresFaults(server),
    server: { freeze: server.freeze, thaw: server.thaw, kill: server.kill, restart: () => server.start() },
    async remove() {
      await server.remove()
      clock?.remove()
    },
  }
}

// No key of a store: it gives each of its own a prefix.
const touch = (server: RedisServer): Promise<unknown> => server.command('SET', 'fault suite', 'still there')

const durable = { appendonly: 'yes', appendfsync: 'always' }

function redisVersion(): string {
  const said = execFileSync('redis-server', ['--version'], { encoding: 'utf8' })
  return `Redis ${/v=([\d.]+)/.exec(said)?.[1] ?? said}`
}

async function redis(): Promise<Backend> {
  const clock = openServerClock()
  const server = await startRedis(durable, null, clock?.env)
  return {
    ...{ name: 'redis', version: redisVersion(), port: () => server.port, isLocal: false, failOver: null },
    turnClock: turning(clock, async () => {
      const [seconds, micros] = (await server.command('TIME')) as [string, string]
      return Number(seconds) * 1_000 + Number(micros) / 1_000
    }),
    empty: () => server.command('FLUSHALL'),
    url: (endpoint) => `redis://${endpoint}`,
    write: () => touch(server),
    switched: [
      {
        // As one does that became a replica, or lacks its own.
        kind: 'refuse writes',
        async set(isOn) {
          await server.command('CONFIG', 'SET', 'min-replicas-to-write', isOn ? '1' : '0')
        },
      },
    ],
    server,
    async remove() {
      await server.stop()
      clock?.remove()
    },
  }
}

async function replication(server: RedisServer): Promise<string> {
  return String(await server.command('INFO', 'replication'))
}

async function follows(server: RedisServer): Promise<boolean> {
  return (await replication(server)).includes('master_link_status:up')
}

async function heardUpTo(server: RedisServer): Promise<number> {
  return Number(/slave_repl_offset:(\d+)/.exec(await replication(server))?.[1] ?? 0)
}

/** Makes it follow another, or nobody, for good: also when it is killed and started again, as Sentinel sees to it. */
async function follow(server: RedisServer, other: RedisServer | null): Promise<void> {
  const target = other === null ? ['NO', 'ONE'] : ['127.0.0.1', `${other.port}`]
  await server.command('REPLICAOF', ...target)
  await server.command('CONFIG', 'REWRITE')
}

/** Who has heard most takes over, as Sentinel chooses. */
async function bestOf(copies: readonly RedisServer[]): Promise<RedisServer> {
  const heard = await Promise.all(copies.map(async (copy) => ({ copy, upTo: await heardUpTo(copy) })))
  const [best] = heard.toSorted((one, other) => other.upTo - one.upTo)
  if (best === undefined) throw new Error('There is no replica.')
  return best.copy
}

/**
 * Two replicas, and an address that leads to whichever is the primary, as behind a load balancer. With one replica reads
 * are not held against a majority, and the store says so; with two all is promised.
 */
async function redisWithReplicas(): Promise<Backend> {
  let primary = await startRedis(durable)
  const following = { ...durable, replicaof: `127.0.0.1 ${primary.port}` }
  let copies = [await startRedis(following), await startRedis(following)]
  for (const copy of copies) await until(() => follows(copy), 'a replica follows')
  let failOvers = 0
  const server = {
    freeze: () => primary.freeze(),
    thaw: () => primary.thaw(),
    kill: () => primary.kill(),
    restart: () => primary.restart(),
  }
  return {
    ...{
      name: 'redis-replicas',
      version: `${redisVersion()} with two replicas`,
      port: () => primary.port,
      isLocal: false,
      server,
    },
    url: (endpoint) => `redis://${endpoint}?replicas=2`,
    write: () => touch(primary),
    empty: null,
    turnClock: null,
    switched: [],
    async failOver(behindMs) {
      const lost = primary
      // As in a partition, of one of them or of both: what the primary says from now on never arrives there.
      const behind = failOvers++ % 2 === 0 ? copies : copies.slice(0, 1)
      for (const copy of behind) copy.freeze()
      if (behind.length === copies.length) await lost.command('CLIENT', 'KILL', 'TYPE', 'replica')
      await new Promise((resolve) => setTimeout(resolve, behindMs))
      await lost.kill()
      for (const copy of behind) copy.thaw()
      const next = await bestOf(copies)
      await follow(next, null)
      primary = next
      await lost.restart()
      copies = [...copies.filter((copy) => copy !== next), lost]
      for (const copy of copies) await follow(copy, next)
      for (const copy of copies) await until(() => follows(copy), 'a replica follows the new primary')
    },
    async remove() {
      for (const one of [primary, ...copies]) one.thaw()
      await Promise.all([primary, ...copies].map((one) => one.stop()))
    },
  }
}

/** Three sentinels say who the primary is, and choose another when it is away for a second. */
async function watchedRedis(): Promise<Backend> {
  const watched = await startWatched(2, durable)
  let hit = await watched.primary()
  const rest = async (): Promise<void> => {
    await until(() => watched.isAtRest(), 'one is the primary, and the others follow it', 30_000)
  }
  const begin = async (strike: (primary: RedisServer) => unknown): Promise<void> => {
    hit = await watched.primary()
    await strike(hit)
  }
  return {
    ...{ name: 'redis-sentinel', version: `${redisVersion()} with two replicas and three sentinels` },
    ...{ port: null, isLocal: true, empty: null, switched: [], turnClock: null },
    url: () => `${watched.url}?replicas=2`,
    write: async () => touch(await watched.primary()),
    server: {
      freeze: () => begin((primary) => primary.freeze()),
      async thaw() {
        hit.thaw()
        await rest()
      },
      kill: () => begin((primary) => primary.kill()),
      async restart() {
        await hit.restart()
        await rest()
      },
    },
    async failOver() {
      const lost = await watched.primary()
      await lost.kill()
      await until(async () => (await watched.primary()) !== lost, 'the sentinels name another', 30_000)
      await lost.restart()
      await rest()
    },
    remove: () => watched.stop(),
  }
}

async function sqlite(): Promise<Backend> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-faults-'))
  const { DatabaseSync } = await import('node:sqlite')
  const database = new DatabaseSync(':memory:')
  const found = database.prepare('SELECT sqlite_version() AS version').get()
  database.close()
  return {
    ...{ name: 'sqlite', version: `SQLite ${found?.version}`, port: null, isLocal: false },
    ...{ server: null, failOver: null, empty: null, switched: [], turnClock: null },
    url: () => `sqlite:${join(folder, 'holdfast.db')}`,
    // Beside the file, not in it: one who writes there keeps the others waiting.
    write: () => writeFile(join(folder, 'still-there'), 'x', { flush: true }),
    async remove() {
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
