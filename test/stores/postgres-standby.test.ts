import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { postgresStore } from '../../src/stores/postgres.ts'
import { changesOf, current } from '../../src/testing/opened-store.ts'
import { bytes, created, record } from '../../src/testing/records.ts'
import { type PostgresServer, startPostgres } from './postgres-server.ts'

let primary: PostgresServer
let standby: PostgresServer

beforeAll(async () => {
  primary = await startPostgres(['wal_level=replica', 'max_wal_senders=4', 'fsync=on'])
  standby = await startPostgres(['hot_standby=on', 'fsync=on'], primary)
}, 60_000)

afterAll(async () => {
  await standby.remove()
  await primary.remove()
})

describe('a primary and its standby', { timeout: 60_000 }, () => {
  it('is warned of while no write waits for the standby', async () => {
    const store = await postgresStore({ url: primary.url('warned') })
    await store.close()
    expect(store.warnings.join()).toContain('a failover may bring back sessions that were signed out')
  })

  it('is used where it takes writes: a standby is never read, it may not know of a sign-out yet', async () => {
    const outcome = await postgresStore({ url: standby.url('warned') }).then(
      () => 'opened',
      ({ code, message }: Error & { code: string }) => `${code} ${message}`,
    )
    expect(outcome).toContain('ERR_STORE_UNAVAILABLE')
    expect(outcome).toContain('it takes no writes')
    const both = `127.0.0.1:${standby.port},127.0.0.1:${primary.port}`
    const store = await postgresStore({ url: primary.url('both', both) })
    expect((await created(store)).version).toBe(1)
    await store.close()
  })

  it('is followed when it moves, and no acknowledged end is undone where it had to be confirmed', async () => {
    // Not by a reload: that takes effect in one process after the other.
    await primary.stop()
    await primary.start(['synchronous_standby_names=*'])
    const confirming = `SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'`
    while ((await primary.sql(confirming)).length === 0) await wait(5)
    const both = `127.0.0.1:${primary.port},127.0.0.1:${standby.port}`
    const store = await postgresStore({ url: primary.url('moved', both) })
    expect(store.warnings).toEqual([])
    const kept = await Promise.all(Array.from({ length: 10 }, () => created(store)))
    const ended = await Promise.all(Array.from({ length: 10 }, () => created(store)))
    for (const { sid } of ended) await store.end(sid)
    await store.writeState({ sid: null, name: 's' }, [{ key: 'k', value: bytes('v') }])
    await current(store)
    const changes = changesOf(store)

    await primary.kill()
    const fails = await store.create(record()).then(
      () => 'answered',
      ({ code }: { code: string }) => code,
    )
    expect(fails).toMatch(/^ERR_STORE_/)
    await standby.sql('SELECT pg_promote()')
    const promotedAt = performance.now()
    while (
      !(await store.ping().then(
        () => true,
        () => false,
      ))
    )
      await wait(10)
    expect(performance.now() - promotedAt).toBeLessThan(10_000)

    for (const { id } of kept) expect((await store.read(id))?.state).toBe('live')
    for (const { id } of ended) expect(await store.read(id)).toBeNull()
    expect((await store.readState({ sid: null, name: 's' })).get('k')?.version).toBe(1)
    await current(store)
    expect(changes).toEqual([{ kind: 'gap' }])
    await store.end(kept[0]?.sid ?? '')
    await current(store)
    expect(changes.at(-1)).toMatchObject({ kind: 'ended', sid: kept[0]?.sid })
    await store.close()
  })
})
