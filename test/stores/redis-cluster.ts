import { type RedisServer, startRedis, until } from './redis-server.ts'

export interface RedisCluster {
  readonly nodes: readonly RedisServer[]
  readonly url: string
  stop(): Promise<void>
}

/** Starts a cluster of primaries, each with as many replicas, and waits until all slots are served. */
export async function startCluster(primaries = 3, replicas = 0): Promise<RedisCluster> {
  const settings = { 'cluster-enabled': 'yes', 'cluster-node-timeout': '1000' }
  const nodes = await Promise.all(
    Array.from({ length: primaries * (replicas + 1) }, () => startRedis(settings)),
  )
  const [first, ...others] = nodes
  if (first === undefined) throw new Error('A cluster has nodes.')
  for (const [index, node] of nodes.slice(0, primaries).entries()) {
    const [from, to] = [index, index + 1].map((part) => Math.floor((part * 16384) / primaries))
    await node.command('CLUSTER', 'SET-CONFIG-EPOCH', `${index + 1}`)
    await node.command('CLUSTER', 'ADDSLOTSRANGE', `${from}`, `${Number(to) - 1}`)
  }
  for (const node of others) await node.command('CLUSTER', 'MEET', '127.0.0.1', `${first.port}`)
  const isWhole = async (node: RedisServer): Promise<boolean> => {
    const info = String(await node.command('CLUSTER', 'INFO'))
    return info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${nodes.length}`)
  }
  for (const node of nodes) await until(() => isWhole(node), 'the cluster is whole')
  for (const [index, node] of nodes.slice(primaries).entries()) {
    const id = String(await nodes[index % primaries]?.command('CLUSTER', 'MYID'))
    await node.command('CLUSTER', 'REPLICATE', id)
    await until(
      async () => String(await node.command('INFO', 'replication')).includes('master_link_status:up'),
      'a replica follows',
    )
  }
  return {
    nodes,
    url: `redis+cluster://${nodes
      .slice(0, 2)
      .map(({ port }) => `127.0.0.1:${port}`)
      .join(',')}`,
    async stop() {
      await Promise.all(nodes.map((node) => node.stop()))
    },
  }
}
