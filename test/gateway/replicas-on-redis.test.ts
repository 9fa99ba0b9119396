import { redisStore } from '../../src/stores/redis.ts'
import { startRedis } from '../stores/redis-server.ts'
import { describeReplicas } from './replicas.ts'

describeReplicas('Redis', async () => {
  const server = await startRedis({ appendonly: 'yes', appendfsync: 'always' })
  return {
    freeze: () => server.freeze(),
    thaw: () => server.thaw(),
    kill: () => server.kill(),
    start: () => server.restart(),
    remove: () => server.stop(),
    open: () => redisStore({ url: `redis://127.0.0.1:${server.port}` }),
  }
})
