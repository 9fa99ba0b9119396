import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { redisStore } from '../../src/stores/redis.ts'
import { redisAddress } from '../../src/stores/redis-address.ts'
import { redisArchive } from '../../src/stores/redis-archive.ts'
import { all, changesOf, current } from '../../src/testing/opened-store.ts'
import { bytes, created } from '../../src/testing/records.ts'
import { type RedisServer, startRedis, until } from './redis-server.ts'

let server: RedisServer

beforeAll(async () => {
  server = await startRedis()
})

afterAll(() => server.stop())

const at = (place: string): string => `redis://127.0.0.1:${server.port}${place}`
const own = () => ({ absoluteAt: Date.now() + 3_600_000 })

describe('another Holdfast on the same Redis', { timeout: 30_000 }, () => {
  it('in another database is not heard: memory stays good, and tells of own changes only', async () => {
    const other = await redisStore({ url: at('/0') })
    const [one, two] = [await redisStore({ url: at('/1') }), await redisStore({ url: at('/1') })]
    try {
      await Promise.all([current(one), current(two)])
      const changes = changesOf(one)
      const theirs = await created(other, own())
      for (let version = 1; version < 9; version++) {
        expect(await other.update(theirs.id, version, bytes('more'))).toBe(true)
      }
      const ours = await created(two, own())
      expect(await two.end(ours.sid)).toBe(true)
      await until(async () => changes.length > 0, 'the change of our own is told')
      await current(one)
      expect(changes).toEqual([{ kind: 'ended', id: ours.id, sid: ours.sid }])
    } finally {
      await Promise.all([other.close(), one.close(), two.close()])
    }
  })

  it('under another prefix, and what is of no Holdfast, stay where they are when a store is moved away', async () => {
    const other = await redisStore({ url: at('?prefix=shop.eu') })
    const theirs = await created(other, own())
    await other.writeKeyring(null, bytes('root key'))
    await server.command('SET', 'shop:cart:7', 'two fish')
    const moving = await redisStore({ url: at('?prefix=shop') })
    await created(moving, own())
    await moving.writeKeyring(null, bytes('another'))
    await moving.close()
    const archive = await redisArchive(at('?prefix=shop'))
    expect(await archive.retire()).toBe('under ?prefix=shop-moved')
    expect(await all(archive.rows())).toEqual([])
    await archive.close()
    const moved = await redisArchive(at('?prefix=shop-moved'))
    expect((await all(moved.rows())).map(({ kind }) => kind)).toEqual(['session', 'keyring'])
    await moved.close()
    expect((await other.read(theirs.id))?.state).toBe('live')
    expect(await other.readKeyring()).not.toBeNull()
    await other.close()
    expect(await server.command('GET', 'shop:cart:7')).toBe('two fish')
  })

  it('cannot have a prefix that begins with that of another and its colon', () => {
    expect(() => redisAddress(at('?prefix=shop:eu'))).toThrow('?prefix= takes')
    expect(redisAddress(at('?prefix=shop.eu')).prefix).toBe('shop.eu')
  })
})
