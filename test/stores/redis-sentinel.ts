import { type RedisServer, startRedis, until } from './redis-server.ts'

export interface WatchedRedis {
  readonly servers: readonly RedisServer[]
  readonly sentinels: readonly RedisServer[]
  /** The address for `--store`. */
  readonly url: string
  /** Who is the primary now, as the sentinels say. */
  primary(): Promise<RedisServer>
  stop(): Promise<void>
}

const down = 1000

/** Starts a primary with replicas and three sentinels that watch it, and waits until they know one another. */
export async function startWatched(replicas = 2): Promise<WatchedRedis> {
  const first = await startRedis()
  const others = await Promise.all(
    Array.from({ length: replicas }, () => startRedis({ replicaof: `127.0.0.1 ${first.port}` })),
  )
  const servers = [first, ...others]
  const follows = async (server: RedisServer): Promise<boolean> =>
    String(await server.command('INFO', 'replication')).includes('master_link_status:up')
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
  return {
    servers,
    sentinels,
    url: `redis+sentinel://${sentinels.map(({ port }) => `127.0.0.1:${port}`).join(',')}/mymaster`,
    async primary() {
      const [sentinel] = sentinels
      const found = (await sentinel?.command('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'mymaster')) as unknown[]
      const server = servers.find(({ port }) => port === Number(found[1]))
      if (server === undefined) throw new Error('The sentinels name a server that nobody started.')
      return server
    },
    async stop() {
      await Promise.all([...sentinels, ...servers].map((server) => server.stop()))
    },
  }
}
