import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { StoreArchive, StoreRow } from '../../src/core/archive.ts'
import type { SessionStore } from '../../src/core/contracts.ts'
import { openKeyring } from '../../src/core/keyring.ts'
import { createSessionManager, type SessionManager } from '../../src/core/manager.ts'
import { defaultPolicy } from '../../src/core/policy.ts'
import { postgresStore } from '../../src/stores/postgres.ts'
import { postgresArchive } from '../../src/stores/postgres-archive.ts'
import { sqliteStore } from '../../src/stores/sqlite.ts'
import { sqliteArchive } from '../../src/stores/sqlite-archive.ts'
import { all } from '../../src/testing/opened-store.ts'
import { bytes, created, record, rotated } from '../../src/testing/records.ts'
import { holdfast, inFolder } from '../cli/command.ts'
import { type PostgresServer, startPostgres } from './postgres-server.ts'

let server: PostgresServer

beforeAll(async () => {
  server = await startPostgres()
}, 30_000)

afterAll(async () => {
  await server.remove()
})

const hour = 3_600_000
const secret = 'a secret for tests, 32 bytes long or more'

/** Puts something of every kind into a store. */
async function fill(store: SessionStore): Promise<void> {
  const absoluteAt = Date.now() + 24 * hour
  const kept = await created(store, { absoluteAt, user: null })
  const none = await created(store, { absoluteAt, sealed: new Uint8Array(0), key: new Uint8Array(0) })
  const ended = await created(store, { absoluteAt })
  const revoked = await created(store, { absoluteAt, user: 'revoked', createdAt: 5 })
  const next = await rotated(store, none)
  await store.present((await rotated(store, next)).id)
  const scopes = [
    { sid: kept.sid, name: 'tab' },
    { sid: null, name: 'user' },
    { sid: null, name: '' },
  ]
  for (const scope of scopes) {
    const changes = ['', 'a', 'b'].map((key) => ({ key, value: bytes(`value of ${key}`) }))
    await store.writeState(scope, changes)
    await store.writeState(scope, [{ key: 'a', value: null }])
  }
  await store.end(ended.sid)
  await store.revoke({ user: String(revoked.user) }, 5)
  await store.revoke('all', 5)
  await store.once('ticket', hour)
  await store.hit('throttle', hour)
  await store.hit('throttle', hour)
  await store.writeKeyring(null, bytes('root key'))
  await store.writeKeyring(1, bytes('root key, wrapped again'))
}

/** Everything in an archive, in an order that does not depend on the store. */
async function contents(archive: StoreArchive): Promise<readonly string[]> {
  const text = (row: StoreRow): string =>
    JSON.stringify(row, (_, value) =>
      value instanceof Uint8Array ? Buffer.from(value).toString('hex') : sortedKeys(value),
    )
  return (await all(archive.rows())).map(text).sort()
}

function sortedKeys(value: unknown): unknown {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}

async function copy(from: StoreArchive, to: StoreArchive): Promise<void> {
  await to.take(await all(from.rows()))
  // Once more: what is there already stays as it is.
  await to.take(await all(from.rows()))
}

async function managerOn(store: SessionStore): Promise<SessionManager> {
  const keyring = await openKeyring(store, [secret])
  return createSessionManager({ store, keyring, policy: defaultPolicy })
}

describe('what a store keeps', () => {
  it('is the same in another one, and back again', async () => {
    await inFolder(async (folder) => {
      const path = join(folder, 'a.db')
      const store = await sqliteStore({ path })
      await fill(store)
      await store.close()
      const a = sqliteArchive(path)
      const b = await postgresArchive(server.url('round_trip'))
      const c = sqliteArchive(join(folder, 'c.db'), true)
      await copy(a, b)
      await copy(b, c)
      const found = await contents(a)
      expect(await contents(b)).toEqual(found)
      expect(await contents(c)).toEqual(found)
      const kinds = ['entry', 'epoch', 'hits', 'keyring', 'once', 'retired', 'scope', 'session']
      expect([...new Set(found.map((row) => JSON.parse(row).kind as string))].sort()).toEqual(kinds)
      for (const archive of [a, b, c]) await archive.close()
    })
  })

  it('holds in the new store: tombstones, epochs, versions, counts and successions', async () => {
    await inFolder(async (folder) => {
      const path = join(folder, 'a.db')
      const store = await sqliteStore({ path })
      const ended = await created(store, { absoluteAt: Date.now() + hour })
      await store.end(ended.sid)
      const revoked = await created(store, { user: 'u', createdAt: 5, absoluteAt: Date.now() + hour })
      await store.revoke({ user: 'u' }, 5)
      const scope = { sid: null, name: 's' }
      await store.writeState(scope, [{ key: 'k', value: bytes('v') }])
      await store.writeState(scope, [{ key: 'k', value: null }])
      await store.once('ticket', hour)
      await store.close()
      const [a, b] = [sqliteArchive(path), await postgresArchive(server.url('holds'))]
      await copy(a, b)
      await a.close()
      await b.close()
      const moved = await postgresStore({ url: server.url('holds') })
      expect(await moved.create(ended)).toBe('ended')
      expect(await moved.read(revoked.id)).toBeNull()
      expect(await moved.create(record({ user: 'u', createdAt: 5 }))).toBe('revoked')
      const write = await moved.writeState(scope, [{ key: 'k', value: bytes('w') }])
      expect(write).toEqual({ outcome: 'written', versions: new Map([['k', 3]]) })
      expect(await moved.once('ticket', hour)).toBe(false)
      await moved.close()
    })
  })
})

describe('holdfast sessions move', { timeout: 60_000 }, () => {
  it('signs nobody out, keeps their work, and puts the old store where no gateway finds it', async () => {
    await inFolder(async (folder) => {
      const path = join(folder, 'holdfast.db')
      const old = await sqliteStore({ path })
      const before = await managerOn(old)
      const issued = await before.signIn({
        identity: { userId: 'ada', authenticator: 'users-file', claims: { roles: ['admin'] } },
        remember: false,
        device: { userAgent: 'a browser', address: '203.0.113.7' },
        begun: await before.begin(),
        replaces: null,
      })
      if (issued === null) throw new Error('The sign-in was refused.')
      await before.state.of(before.capability(issued.session) ?? '')?.session.set('draft', 'kept')
      await old.close()

      const to = server.url('cli_target')
      const call = ['sessions', 'move', '--from', `sqlite:${path}`, '--to', to]
      const ended = await holdfast(call, { folder })
      expect(ended).toMatchObject({ code: 0, stdout: 'Moved 1 sessions and 1 pieces of state.\n' })
      expect([existsSync(path), existsSync(`${path}.moved`)]).toEqual([false, true])

      const store = await postgresStore({ url: to })
      const after = await managerOn(store)
      const loaded = await after.load(issued.credential)
      expect(loaded?.session.identity?.userId).toBe('ada')
      const capability = loaded === null ? null : after.capability(loaded.session)
      expect(await after.state.of(capability ?? '')?.session.get('draft')).toBe('kept')
      await store.close()
    })
  })

  it('refuses while a gateway uses either store, and a target that has keys of its own', async () => {
    await inFolder(async (folder) => {
      const path = join(folder, 'holdfast.db')
      const move = (to: string) =>
        holdfast(['sessions', 'move', '--from', `sqlite:${path}`, '--to', to], { folder })
      const old = await sqliteStore({ path })
      await managerOn(old)
      expect(await move(server.url('busy'))).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('gateway uses the SQLite'),
      })
      await old.close()

      const busy = await postgresStore({ url: server.url('busy') })
      expect(await move(server.url('busy'))).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('gateway uses the Postgres'),
      })
      await managerOn(busy)
      await busy.close()
      expect(await move(server.url('busy'))).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('keys of its own'),
      })
      expect(existsSync(path)).toBe(true)
    })
  })
})
