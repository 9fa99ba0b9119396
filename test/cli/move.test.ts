import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { moveStore } from '../../src/cli/move.ts'
import type { StoreArchive } from '../../src/core/archive.ts'
import type { SessionStore } from '../../src/core/contracts.ts'
import { postgresStore } from '../../src/stores/postgres.ts'
import { postgresArchive } from '../../src/stores/postgres-archive.ts'
import { redisStore } from '../../src/stores/redis.ts'
import { redisArchive } from '../../src/stores/redis-archive.ts'
import { sqliteStore } from '../../src/stores/sqlite.ts'
import { sqliteArchive } from '../../src/stores/sqlite-archive.ts'
import { all } from '../../src/testing/opened-store.ts'
import { begunNow, bytes, created, hour } from '../../src/testing/records.ts'
import { type PostgresServer, startPostgres } from '../stores/postgres-server.ts'
import { type RedisCluster, startCluster } from '../stores/redis-cluster.ts'
import { type RedisServer, startRedis } from '../stores/redis-server.ts'
import { holdfast, inFolder } from './command.ts'

let redis: RedisServer
let cluster: RedisCluster
let postgres: PostgresServer

beforeAll(async () => {
  ;[redis, cluster, postgres] = await Promise.all([startRedis(), startCluster(), startPostgres()])
}, 60_000)

afterAll(() => Promise.all([redis.stop(), cluster.stop(), postgres.remove()]))

interface Kind {
  readonly name: string
  /** The address of a new store under this name. */
  at(name: string, folder: string): string
  store(address: string): Promise<SessionStore>
  archive(address: string): Promise<StoreArchive>
}

const onRedis = {
  store: (url: string) => redisStore({ url }),
  archive: redisArchive,
}
const sqlite: Kind = {
  name: 'SQLite',
  at: (name, folder) => join(folder, `${name}.db`),
  store: (path) => sqliteStore({ path }),
  archive: async (path) => sqliteArchive(path, true),
}
const kinds: readonly Kind[] = [
  sqlite,
  { name: 'Redis', at: (name) => `redis://127.0.0.1:${redis.port}?prefix=${name}`, ...onRedis },
  { name: 'a Redis cluster', at: (name) => `${cluster.url}?prefix=${name}`, ...onRedis },
  {
    name: 'Postgres',
    at: (name) => postgres.url(name),
    store: (url) => postgresStore({ url }),
    archive: postgresArchive,
  },
]

/** An archive that is lost before it takes the root key, which comes last. */
function cutOff(archive: StoreArchive): StoreArchive {
  return {
    ...archive,
    async take(rows) {
      await archive.take(rows.filter(({ kind }) => kind !== 'keyring'))
      if (rows.some(({ kind }) => kind === 'keyring')) throw new Error('cut off')
    },
  }
}

async function move(from: string, to: string, kind: Kind, isCutOff = false): Promise<boolean> {
  const [source, target] = [sqliteArchive(from), await kind.archive(to)]
  try {
    return (await moveStore(source, isCutOff ? cutOff(target) : target)).isAnew
  } finally {
    await source.close()
    await target.close()
  }
}

async function inStore<Value>(store: Promise<SessionStore>, act: (store: SessionStore) => Promise<Value>) {
  const opened = await store
  try {
    return await act(opened)
  } finally {
    await opened.close()
  }
}

const until = () => ({ absoluteAt: Date.now() + 24 * hour })
const draft = (value: string | null) => [{ key: 'draft', value: value === null ? null : bytes(value) }]

describe('a move that is made again after it was cut off', { timeout: 60_000 }, () => {
  it.each(kinds)('P1, P2: SECURITY: brings nobody back who was out meanwhile, in $name', (kind) =>
    inFolder(async (folder) => {
      const from = join(folder, 'old.db')
      const to = kind.at('again', folder)
      const { ended, kept, revoked } = await inStore(sqlite.store(from), async (store) => {
        const revoked = await created(store, { ...until(), user: 'kelp' })
        // So that there is a number of theirs already, which has to go up.
        await store.revoke({ user: 'kelp' }, Date.now())
        const begun = await begunNow(store)
        const again = await created(store, { ...until(), user: 'kelp', begun })
        const [ended, kept] = [await created(store, until()), await created(store, until())]
        await store.writeState({ sid: kept.sid, name: 'tab' }, draft('early'))
        await store.writeState({ sid: ended.sid, name: 'tab' }, draft('early'))
        await store.writeState({ sid: null, name: 'user' }, draft('early'))
        await store.once('early', hour)
        await store.hit('early', hour)
        await store.writeKeyring(null, bytes('root key'))
        return { ended, kept, revoked: [revoked, again] }
      })
      await expect(move(from, to, kind, true)).rejects.toThrow('cut off')
      await inStore(sqlite.store(from), async (store) => {
        await store.end(ended.sid)
        await store.revoke({ user: 'kelp' }, Date.now())
        await store.writeState({ sid: kept.sid, name: 'tab' }, draft('late'))
        await store.writeState({ sid: null, name: 'user' }, draft(null))
      })
      // Cut off once more: what it left is known for what it is then, too.
      await expect(move(from, to, kind, true)).rejects.toThrow('cut off')
      expect(await move(from, to, kind)).toBe(true)
      await inStore(kind.store(to), async (store) => {
        expect(await store.read(ended.id)).toBeNull()
        for (const { id } of revoked) expect(await store.read(id)).toBeNull()
        expect((await store.read(kept.id))?.state).toBe('live')
        const tab = await store.readState({ sid: kept.sid, name: 'tab' })
        expect(tab.get('draft')).toEqual({ version: 2, value: bytes('late') })
        expect((await store.readState({ sid: null, name: 'user' })).size).toBe(0)
        expect(await store.readKeyring()).toMatchObject({ version: 1 })
      })
    }),
  )

  it.each(kinds)(
    'removes nothing where there is a root key, or no trace of an earlier try, in $name',
    (kind) =>
      inFolder(async (folder) => {
        const from = join(folder, 'old.db')
        const to = kind.at('somebodys', folder)
        await inStore(sqlite.store(from), (store) => store.writeKeyring(null, bytes('root key')))
        const session = await inStore(kind.store(to), (store) => created(store, until()))
        await expect(move(from, to, kind)).rejects.toMatchObject({
          code: 'ERR_CONFIG_INVALID',
          message: expect.stringContaining('no trace of a move that was cut off'),
        })
        await inStore(kind.store(to), (store) => store.writeKeyring(null, bytes('another')))
        await expect(move(from, to, kind)).rejects.toThrow('keys of its own')
        const archive = await kind.archive(to)
        await expect(archive.clear()).rejects.toMatchObject({ code: 'ERR_CONFIG_INVALID' })
        await archive.close()
        await inStore(kind.store(to), async (store) =>
          expect((await store.read(session.id))?.state).toBe('live'),
        )
      }),
  )
})

describe('holdfast sessions move', { timeout: 60_000 }, () => {
  it('says so when everything was moved before, or when there is nothing to move', () =>
    inFolder(async (folder) => {
      const [from, to] = [join(folder, 'old.db'), join(folder, 'new.db')]
      const call = ['sessions', 'move', '--from', `sqlite:${from}`, '--to', `sqlite:${to}`]
      await inStore(sqlite.store(from), (store) => created(store, until()))
      expect(await holdfast(call, { folder })).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('no root key'),
      })
      await inStore(sqlite.store(from), (store) => store.writeKeyring(null, bytes('root key')))
      await move(from, to, sqlite)
      // It came to its end, but the old store could not be put aside.
      expect(await holdfast(call, { folder })).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('moved before'),
      })
    }))

  it('begins anew where it was cut off, and leaves no trace in what is moved on', () =>
    inFolder(async (folder) => {
      const path = (name: string): string => join(folder, `${name}.db`)
      await inStore(sqlite.store(path('a')), async (store) => {
        await created(store, until())
        await store.writeKeyring(null, bytes('root key'))
      })
      await expect(move(path('a'), path('b'), sqlite, true)).rejects.toThrow('cut off')
      const call = ['sessions', 'move', '--from', `sqlite:${path('a')}`, '--to', `sqlite:${path('b')}`]
      expect(await holdfast(call, { folder })).toMatchObject({
        code: 0,
        stdout: 'Moved 1 sessions and 0 pieces of state.\n',
        stderr: expect.stringContaining('was removed first'),
      })
      await move(path('b'), path('c'), sqlite)
      const archive = sqliteArchive(path('c'))
      const kept = (await all(archive.rows())).map(({ kind }) => kind)
      await archive.close()
      // The one that is counted is of this move.
      expect(kept).toEqual(['session', 'once', 'keyring'])
    }))
})
