import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { StoreArchive, StoreRow } from '../../src/core/archive.ts'
import type { SessionStore } from '../../src/core/contracts.ts'
import { redisStore } from '../../src/stores/redis.ts'
import { redisArchive } from '../../src/stores/redis-archive.ts'
import { sqliteStore } from '../../src/stores/sqlite.ts'
import { sqliteArchive } from '../../src/stores/sqlite-archive.ts'
import { all } from '../../src/testing/opened-store.ts'
import { bytes, created, record, rotated } from '../../src/testing/records.ts'
import { holdfast, inFolder } from '../cli/command.ts'
import { type RedisCluster, startCluster } from './redis-cluster.ts'
import { type RedisServer, startRedis } from './redis-server.ts'

let server: RedisServer
let cluster: RedisCluster

beforeAll(async () => {
  ;[server, cluster] = await Promise.all([startRedis(), startCluster()])
}, 60_000)

afterAll(() => Promise.all([server.stop(), cluster.stop()]))

const hour = 3_600_000
const at = (prefix: string): string => `redis://127.0.0.1:${server.port}?prefix=${prefix}`

/** Puts something of every kind into a store. */
async function fill(store: SessionStore): Promise<void> {
  const absoluteAt = Date.now() + 24 * hour
  const kept = await created(store, { absoluteAt, user: null })
  const none = await created(store, { absoluteAt, sealed: new Uint8Array(0), key: new Uint8Array(0) })
  const ended = await created(store, { absoluteAt })
  await created(store, { absoluteAt, user: 'revoked', createdAt: 5 })
  await store.present((await rotated(store, await rotated(store, none))).id)
  for (const scope of [
    { sid: kept.sid, name: 'tab' },
    { sid: null, name: 'user' },
    { sid: null, name: '' },
  ]) {
    const changes = ['', 'a', 'b'].map((key) => ({ key, value: bytes(`value of ${key}`) }))
    await store.writeState(scope, changes)
    await store.writeState(scope, [{ key: 'a', value: null }])
  }
  await store.end(ended.sid)
  await store.revoke({ user: 'revoked' }, 5)
  await store.revoke('all', 5)
  await store.once('ticket', hour)
  await store.hit('throttle', hour)
  await store.hit('throttle', hour)
  await store.writeKeyring(null, bytes('root key'))
}

/** Everything in an archive, in an order that does not depend on the store. */
async function contents(archive: StoreArchive): Promise<readonly string[]> {
  const plain = (_: string, value: unknown): unknown => {
    if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
    if (value === null || typeof value !== 'object' || Array.isArray(value)) return value
    return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
  }
  return (await all(archive.rows())).map((row: StoreRow) => JSON.stringify(row, plain)).sort()
}

async function copy(from: StoreArchive, to: StoreArchive): Promise<void> {
  // Twice: what is there already stays as it is.
  for (let round = 0; round < 2; round++) await to.take(await all(from.rows()))
}

describe('what a store keeps', { timeout: 60_000 }, () => {
  it.each(['a server', 'a cluster'])('is the same in %s, and back again', (where) =>
    inFolder(async (folder) => {
      const path = join(folder, 'a.db')
      const store = await sqliteStore({ path })
      await fill(store)
      await store.close()
      const a = sqliteArchive(path)
      const b = await redisArchive(where === 'a server' ? at('copy') : `${cluster.url}?prefix=copy`)
      const c = sqliteArchive(join(folder, 'c.db'), true)
      await copy(a, b)
      await copy(b, c)
      const found = await contents(a)
      expect(found.length).toBeGreaterThan(15)
      expect(await contents(b)).toEqual(found)
      expect(await contents(c)).toEqual(found)
      for (const archive of [a, b, c]) await archive.close()
    }),
  )

  it('holds in the new store: tombstones, epochs, versions, sizes and successions', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'a.db')
      const store = await sqliteStore({ path })
      const absoluteAt = Date.now() + hour
      const ended = await created(store, { absoluteAt })
      await store.end(ended.sid)
      const old = await created(store, { absoluteAt })
      const next = await rotated(store, old)
      await store.revoke({ user: 'u' }, 5)
      const scope = { sid: null, name: 's' }
      const key = (value: string | null) => [{ key: 'k', value: value === null ? null : bytes(value) }]
      await store.writeState(scope, key('12345'))
      await store.writeState(scope, key(null))
      await store.writeState(scope, [{ key: 'l', value: bytes('12345') }])
      await store.once('ticket', hour)
      await store.close()
      const [a, b] = [sqliteArchive(path), await redisArchive(at('holds'))]
      await copy(a, b)
      await a.close()
      await b.close()
      const moved = await redisStore({ url: at('holds') })
      expect(await moved.create(ended)).toBe('ended')
      expect(await moved.read(old.id)).toMatchObject({ state: 'rotated', next: { id: next.id } })
      expect((await moved.listByUser(String(next.user))).map(({ id }) => id)).toEqual([next.id])
      expect(await moved.create(record({ user: 'u', createdAt: 5 }))).toBe('revoked')
      expect(await moved.writeState(scope, key('123456'), 10)).toEqual({ outcome: 'full', bytes: 11 })
      const write = await moved.writeState(scope, key('1'))
      expect(write).toEqual({ outcome: 'written', versions: new Map([['k', 3]]) })
      expect(await moved.once('ticket', hour)).toBe(false)
      expect(await moved.end(next.sid)).toBe(true)
      await moved.close()
    }))

  it('is moved by the command, and not while a gateway uses it', () =>
    inFolder(async (folder) => {
      const store = await redisStore({ url: at('moving') })
      await fill(store)
      const call = ['sessions', 'move', '--from', at('moving'), '--to', `sqlite:${join(folder, 'b.db')}`]
      expect(await holdfast(call, { folder })).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('A gateway uses the Redis store'),
      })
      await store.close()
      const ended = await holdfast(call, { folder })
      expect(ended).toMatchObject({ code: 0, stdout: expect.stringContaining('Moved 3 sessions') })
      const left = await redisArchive(at('moving'))
      expect(await contents(left)).toEqual([])
      await left.close()
    }))
})
