/** Stores from before revocations had numbers: who was in stays in, who was out stays out, and all can be revoked. */
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Identity, SessionStore } from '../../src/core/contracts.ts'
import { openKeyring } from '../../src/core/keyring.ts'
import { createSessionManager, type SessionManager } from '../../src/core/manager.ts'
import { defaultPolicy } from '../../src/core/policy.ts'
import { postgresStore } from '../../src/stores/postgres.ts'
import { redisStore } from '../../src/stores/redis.ts'
import { sqliteStore } from '../../src/stores/sqlite.ts'
import { created, record } from '../../src/testing/records.ts'
import { inFolder } from '../cli/command.ts'
import { type PostgresServer, startPostgres } from './postgres-server.ts'
import { type RedisServer, startRedis } from './redis-server.ts'

let postgres: PostgresServer
let redis: RedisServer

beforeAll(async () => {
  ;[postgres, redis] = await Promise.all([startPostgres(), startRedis()])
}, 30_000)

afterAll(() => Promise.all([postgres.remove(), redis.stop()]))

const person = (userId: string): Identity => ({ userId, authenticator: 'test', claims: {} })
const [ada, bob, eve] = [person('ada'), person('bob'), person('eve')]

async function managerOn(store: SessionStore): Promise<SessionManager> {
  const keyring = await openKeyring(store, ['a secret for tests, 32 bytes long or more'])
  return createSessionManager({ store, keyring, policy: defaultPolicy })
}

async function signIn(manager: SessionManager, identity: Identity, begun?: number): Promise<string> {
  const device = { userAgent: '', address: '' }
  const request = {
    identity,
    remember: false,
    device,
    begun: begun ?? (await manager.begin()),
    replaces: null,
  }
  return (await manager.signIn(request))?.credential ?? ''
}

/** `age` makes the data what an older Holdfast left: no numbers, and an epoch by the clock that covers eve alone. */
async function checkUpgrade(open: () => Promise<SessionStore>, age: () => Promise<void>): Promise<void> {
  const old = await open()
  const before = await managerOn(old)
  const [ofAda, ofBob, ofEve] = [
    await signIn(before, ada),
    await signIn(before, bob),
    await signIn(before, eve),
  ]
  const left = await created(old, { user: 'left' })
  await before.revokeUser(eve)
  await old.revoke({ user: 'left' }, left.createdAt + 1)
  await old.close()
  await age()

  const store = await open()
  const manager = await managerOn(store)
  expect(await Promise.all([ofAda, ofBob, ofEve].map((one) => manager.load(one)))).toEqual([
    expect.objectContaining({ session: expect.objectContaining({ identity: ada }) }),
    expect.objectContaining({ session: expect.objectContaining({ identity: bob }) }),
    null,
  ])
  // What the clock had revoked stays so, and covers nobody who signs in now.
  expect(await store.create(record({ user: 'left', begun: left.createdAt }))).toBe('revoked')
  expect(await manager.load(await signIn(manager, eve))).not.toBeNull()
  const under = await manager.begin()
  await manager.revokeUser(ada)
  expect(await manager.load(ofAda)).toBeNull()
  expect(await signIn(manager, ada, under)).toBe('')
  expect(await manager.load(await signIn(manager, ada))).not.toBeNull()
  expect(await manager.load(ofBob)).not.toBeNull()
  await manager.revokeAll()
  expect(await manager.load(ofBob)).toBeNull()
  expect(await manager.load(await signIn(manager, bob))).not.toBeNull()
  await store.close()
}

describe('an upgrade to numbered revocations signs nobody out', { timeout: 60_000 }, () => {
  it('P8: of a SQLite file', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'holdfast.db')
      await checkUpgrade(
        () => sqliteStore({ path }),
        async () => {
          const db = new DatabaseSync(path)
          const instant = Date.now() + 1
          db.exec(`
            UPDATE epochs SET before = ${instant};
            ALTER TABLE sessions DROP COLUMN begun;
            ALTER TABLE epochs DROP COLUMN revoked_at;
            ALTER TABLE epoch_of_all DROP COLUMN revoked_at;
            ALTER TABLE epoch_of_all DROP COLUMN newest;
            PRAGMA user_version = 2;`)
          db.close()
        },
      )
    }))

  it('P8: of a schema in Postgres', () =>
    checkUpgrade(
      () => postgresStore({ url: postgres.url('old') }),
      async () => {
        for (const statement of [
          `UPDATE old.epochs SET before = ${Date.now() + 1}`,
          'ALTER TABLE old.sessions DROP COLUMN begun',
          'ALTER TABLE old.epochs DROP COLUMN revoked_at',
          'ALTER TABLE old.epoch_of_all DROP COLUMN revoked_at, DROP COLUMN newest',
          'DROP FUNCTION old.newest_revocation()',
          'UPDATE old.version SET steps = 1, functions = 2',
        ])
          await postgres.sql(statement)
      },
    ))

  it('P8: of keys in Redis', () =>
    checkUpgrade(
      () => redisStore({ url: `redis://127.0.0.1:${redis.port}?prefix=old` }),
      async () => {
        const users = (await redis.command('HKEYS', 'old:epochs')) as unknown[]
        for (const user of users.map(String))
          await redis.command('HSET', 'old:epochs', user, `${Date.now() + 1}`)
        const families = (await redis.command('KEYS', 'old:s:*')) as unknown[]
        for (const family of families.map(String)) await redis.command('HDEL', family, 'g')
        await redis.command('DEL', 'old:mark', 'old:at', 'old:ats')
      },
    ))

  it('lets a replica of Postgres that is older than the numbers go on until it is replaced', async () => {
    const store = await postgresStore({ url: postgres.url('mixed') })
    const manager = await managerOn(store)
    const ofBob = await signIn(manager, bob)
    const mine = await created(store, { user: 'u', begun: (await store.mark(null)).number })
    // What it calls: it knows no numbers, and names instants of its clock.
    const insert = (sid: string): Promise<unknown> =>
      postgres.sql(`INSERT INTO mixed.sessions (id, sid, owner, created_at, idle_at, absolute_at, version, sealed, key)
        VALUES ('${sid}', '${sid}', 'u', 1, 2e12, 2e12, 1, '', '')`)
    await postgres.sql(`SELECT mixed.revoke_before('u', 5)`)
    expect(await store.read(mine.id)).toBeNull()
    await insert('after')
    expect((await store.read('after'))?.state).toBe('live')
    await store.revoke({ user: 'u' }, 5)
    expect(await store.read('after')).toBeNull()
    expect(await manager.load(ofBob)).not.toBeNull()
    await store.close()
  })
})
