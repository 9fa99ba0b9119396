import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { redisStore } from '../../src/stores/redis.ts'
import { redisAddress } from '../../src/stores/redis-address.ts'
import { examineRedis } from '../../src/stores/redis-buckets.ts'
import { verdictOn } from '../../src/stores/redis-server-facts.ts'
import { bytes, record } from '../../src/testing/records.ts'
import { freePort } from '../free-port.ts'
import { type RedisServer, startRedis } from './redis-server.ts'

let server: RedisServer

beforeAll(async () => {
  server = await startRedis()
})

afterAll(() => server.stop())

const url = (query = '', user = ''): string => `redis://${user}127.0.0.1:${server.port}${query}`

describe('redisStore() at start', () => {
  it('refuses a server that would throw sessions away when memory is short, and says how to set it', async () => {
    for (const policy of ['allkeys-lru', 'volatile-ttl']) {
      await server.command('CONFIG', 'SET', 'maxmemory-policy', policy)
      await expect(redisStore({ url: url() })).rejects.toMatchObject({
        code: 'ERR_CONFIG_INVALID',
        message: expect.stringMatching(`${policy}.*maxmemory-policy noeviction`),
      })
    }
    await server.command('CONFIG', 'SET', 'maxmemory-policy', 'noeviction')
    await (await redisStore({ url: url() })).close()
  })

  it('says which promise a server cannot keep', async () => {
    const store = await redisStore({ url: url() })
    expect(store.warnings).toEqual([expect.stringContaining('a crash undoes sign-outs')])
    await store.close()
    await server.command('CONFIG', 'SET', 'appendonly', 'yes')
    await server.command('CONFIG', 'SET', 'appendfsync', 'everysec')
    expect((await examineRedis(url())).warnings).toEqual([expect.stringContaining('of its last second')])
    await server.command('CONFIG', 'SET', 'appendfsync', 'always')
    expect(await examineRedis(url())).toEqual({ faults: [], warnings: [] })
    await server.command('CONFIG', 'SET', 'appendonly', 'no')
  })

  it('refuses strict mode where it cannot be strict', async () => {
    await expect(redisStore({ url: url('?mode=strict') })).rejects.toMatchObject({
      code: 'ERR_CONFIG_INVALID',
      message: expect.stringContaining('appendfsync always'),
    })
  })

  it('names the rights that a user lacks, and works with exactly these', async () => {
    const rule = async (...rights: string[]): Promise<unknown> =>
      server.command('ACL', 'SETUSER', 'kelp', 'reset', 'on', '>kelp', ...rights)
    await rule('~holdfast:*', '&holdfast:*', '+@read', '+@connection')
    const { faults } = await examineRedis(url('', 'kelp:kelp@'))
    const [, said = ''] = /ACL SETUSER kelp (.*)$/.exec(faults.join(' ')) ?? []
    expect(said).toContain('+@scripting')
    await rule(...said.split(' '))
    const store = await redisStore({ url: url('', 'kelp:kelp@') })
    const now = Date.now()
    const session = record({ createdAt: now, idleAt: now + 1000, absoluteAt: now + 9000 })
    expect(await store.create(session)).toBe('created')
    await store.writeState({ sid: session.sid, name: 's' }, [{ key: 'k', value: bytes('v') }])
    await store.once('o', 1000)
    await store.hit('h', 1000)
    await store.end(session.sid)
    await store.sweep(10)
    await store.close()
  })

  it('tells a wrong password from a server that is away, without showing it', async () => {
    const wrong = await examineRedis(url('', 'nobody:hunter2@'))
    expect(wrong.faults.join(' ')).toMatch(/WRONGPASS|password/i)
    const away = await examineRedis(`redis://nobody:hunter2@127.0.0.1:${await freePort()}`)
    expect(away.faults.join(' ')).toMatch(/ECONNREFUSED.*Check that it runs/)
    expect(JSON.stringify([wrong, away])).not.toContain('hunter2')
  })
})

describe('verdictOn()', () => {
  const address = redisAddress('redis://127.0.0.1')
  const good = { version: '7.0.15', evictionPolicy: 'noeviction', fsync: 'always', replicas: 0, skewMs: 3 }

  it('finds nothing wrong with a good server', () => {
    expect(verdictOn(good, address, 0, 0)).toEqual({ faults: [], warnings: [] })
  })

  it('refuses a server that is too old, and takes the oldest that is not', () => {
    expect(verdictOn({ ...good, version: '6.0.16' }, address, 0, 0).faults).toEqual([
      expect.stringContaining('Redis 6.0.16 is too old'),
    ])
    for (const version of ['6.2.0', '7.4.1', '10.0.0', '']) {
      expect(verdictOn({ ...good, version }, address, 0, 0).faults).toEqual([])
    }
  })

  it('warns of clocks that are apart', () => {
    for (const skewMs of [31_000, -31_000]) {
      expect(verdictOn({ ...good, skewMs }, address, 0, 0).warnings).toEqual([
        expect.stringContaining('31 s'),
      ])
    }
  })

  it('warns where a server does not tell, and where replicas are not asked', () => {
    const silent = verdictOn({ ...good, evictionPolicy: null, fsync: null }, address, 0, 0)
    expect(silent.warnings).toHaveLength(2)
    expect(verdictOn(good, address, 0, 2).warnings).toEqual([expect.stringContaining('may bring back')])
    expect(verdictOn(good, address, 1, 2).warnings).toEqual([])
    expect(verdictOn({ ...good, fsync: 'no' }, address, 1, 2).warnings).toEqual([
      expect.stringContaining('If the primary starts again'),
    ])
    expect(verdictOn(good, address, 1, 1).warnings).toEqual([expect.stringContaining('One replica')])
  })
})
