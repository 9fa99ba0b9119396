import { afterAll, beforeAll } from 'vitest'
import { describeStore } from './contract.ts'
import { type RedisCluster, startCluster } from './redis-cluster.ts'
import { opensAt } from './redis-opened.ts'

let cluster: RedisCluster

beforeAll(async () => {
  cluster = await startCluster()
}, 60_000)

afterAll(() => cluster.stop())

describeStore(
  'redisStore() on a cluster of three',
  opensAt(() => cluster.url),
)
