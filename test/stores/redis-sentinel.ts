import { type RedisServer, startRedis, until } from './redis-server.ts'

export interface WatchedRedis {
  readonly servers: readonly RedisServer[]
  readonly sentinels: readonly RedisServer[]
  /** The address for `--store`. */
  readonly url: string
  /** Who is the primary now, as the sentinels say. */
  primary(): Promise<RedisServer>
  /** Whether all sentinels name the same primary, and all others follow it. */
  isAtRest(): Promise<boolean>
  stop(): Promise<void>
}

const down = 1000

/** Starts a primary with replicas and three sentinels that watch it, and waits until they know one another. */
export async function startWatched(
  replicas = 2,
  settings: Readonly<Record<string, string>> = {},
): Promise<WatchedRedis> {
  const first = await startRedis(settings)
  const others = await Promise.all(
    Array.from({ length: replicas }, () => startRedis({ ...settings, replicaof: `127.0.0.1 ${first.port}` })),
  )
  const servers = [first, ...others]
  const replication = async (server: RedisServer): Promise<string> =>
    String(await server.command('INFO', 'replication'))
  const follows = async (server: RedisServer): Promise<boolean> =>
    (await replication(server)).includes('master_link_status:up')
  for (const server of others) await until(() => follows(server), 'a replica follows')
  const watch = [
    `sentinel monitor mymaster 127.0.0.1 ${first.port} 2`,
    `sentinel down-after-milliseconds mymaster ${down}`,
    'sentinel failover-timeout mymaster 3000',
  ]
  const sentinels = await Promise.all([0, 1, 2].map(() => startRedis({}, watch)))
  const knows = async (sentinel: RedisServer): Promise<boolean> => {
    const about = ((await sentinel.command('SENTINEL', 'MASTER', 'mymaster')) as unknown[]).map(String)
    const field = (name: string): string | undefined => about[about.indexOf(name) + 1]
    return field('num-slaves') === `${replicas}` && field('num-other-sentinels') === '2'
  }
  for (const sentinel of sentinels) await until(() => knows(sentinel), 'a sentinel knows everyone')
  const named = async (sentinel: RedisServer): Promise<RedisServer | undefined> => {
    const found = (await sentinel.command('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'mymaster')) as unknown[]
    return servers.find(({ port }) => port === Number(found[1]))
  }
  return {
    servers,
    sentinels,
    url: `redis+sentinel://${sentinels.map(({ port }) => `127.0.0.1:${port}`).join(',')}/mymaster`,
    async primary() {
      const [sentinel] = sentinels
      const server = sentinel === undefined ? undefined : await named(sentinel)
      if (server === undefined) throw new Error('The sentinels name a server that nobody started.')
      return server
    },
    async isAtRest() {
      const [primary, ...more] = await Promise.all(sentinels.map(named))
      if (primary === undefined || more.some((one) => one !== primary)) return false
      const told = await Promise.all(
        servers.filter((server) => server !== primary).map(async (server) => replication(server)),
      )
      return told.every(
        (text) => text.includes('master_link_status:up') && text.includes(`master_port:${primary.port}`),
      )
    },
    async stop() {
      await Promise.all([...sentinels, ...servers].map((server) => server.stop()))
    },
  }
}
