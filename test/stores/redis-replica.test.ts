import { describe, expect, it } from 'vitest'
import { redisStore } from '../../src/stores/redis.ts'
import { replicasIn } from '../../src/stores/redis-server-facts.ts'
import { created } from '../../src/testing/records.ts'
import { openedRedis } from './opened-redis.ts'
import { until } from './redis-server.ts'

const { opened, server } = openedRedis()

describe('a replica that comes while gateways run', () => {
  it('P1: SECURITY: is waited for from then on by those who were there before it, too', async () => {
    const primary = await server()
    const open = async (query: string) => {
      const store = await redisStore({ url: `redis://127.0.0.1:${primary.port}${query}` })
      opened.push(() => store.close())
      return store
    }
    const [early, relaxed] = [await open(''), await open('?mode=relaxed')]
    const own = { absoluteAt: Date.now() + 3_600_000 }
    const [first, second] = [await created(early, own), await created(early, own)]
    const replica = await server({ replicaof: `127.0.0.1 ${primary.port}` })
    await until(
      async () => (await primary.command('GET', 'holdfast:replicas')) === '1',
      'the gateway sees the replica',
    )
    // On the same connection and later: what was seen is taken when this is answered.
    await early.ping()
    replica.freeze()
    await primary.command('CLIENT', 'KILL', 'TYPE', 'replica')
    await expect(early.end(first.sid)).rejects.toMatchObject({ code: 'ERR_STORE_TIMEOUT' })
    expect(await relaxed.end(second.sid)).toBe(true)
    replica.thaw()
    await until(async () => (await early.create(first)) === 'ended', 'it is confirmed again')
  }, 60_000)
})

describe('replicasIn()', () => {
  const info = (...replicas: string[]): string =>
    ['# Replication', 'role:master', `connected_slaves:${replicas.length}`, ...replicas, ''].join('\r\n')

  it('counts those that follow, and no backup that is being taken', () => {
    expect(replicasIn(info())).toBe(0)
    expect(
      replicasIn(
        info(
          'slave0:ip=10.0.0.2,port=6379,state=online,offset=1,lag=0',
          'slave1:ip=10.0.0.3,port=6379,state=wait_bgsave,offset=0,lag=0',
          'slave2:ip=10.0.0.4,port=0,state=online,offset=0,lag=0',
        ),
      ),
    ).toBe(1)
  })

  it('believes the number where a service names none', () => {
    expect(replicasIn('role:master\r\nconnected_slaves:2\r\n')).toBe(2)
  })
})
