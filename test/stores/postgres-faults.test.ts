import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { SessionStore } from '../../src/core/contracts.ts'
import { type PostgresStore, postgresStore } from '../../src/stores/postgres.ts'
import { changesOf, current } from '../../src/testing/opened-store.ts'
import { bytes, created, record } from '../../src/testing/records.ts'
import { type PostgresChild, startPostgresChild, type Told } from './postgres-child.ts'
import { type PostgresServer, startPostgres } from './postgres-server.ts'

let server: PostgresServer
let schemas = 0
let schema: string
let url: string
let opened: SessionStore[]
let children: PostgresChild[]

async function open(): Promise<PostgresStore> {
  const store = await postgresStore({ url })
  opened.push(store)
  return store
}

async function child(): Promise<PostgresChild> {
  const started = await startPostgresChild(url)
  children.push(started)
  return started
}

/** How a call went: its code, and how many milliseconds it took. */
async function timed(call: Promise<unknown>): Promise<{ readonly code: string; readonly ms: number }> {
  const begunAt = performance.now()
  const code = await call.then(
    () => 'answered',
    (error) => (error as { code?: string }).code ?? String(error),
  )
  return { code, ms: performance.now() - begunAt }
}

/** Waits until the store answers again; how many milliseconds it took. */
async function healed(store: SessionStore): Promise<number> {
  const begunAt = performance.now()
  for (;;) {
    if ((await timed(store.ping())).code === 'answered') return performance.now() - begunAt
    if (performance.now() - begunAt > 10_000) throw new Error('It did not heal within 10 s.')
    await wait(10)
  }
}

/** Lets a writer work until it has acknowledged this much, crashes the server, and starts it again; all it was told. */
async function hammerAndCrash(count: number): Promise<readonly Told[]> {
  const writer = await child()
  const told: unknown[] = [await writer.ask({ do: 'hammer' })]
  while (told.length < count) told.push(await writer.next())
  await server.kill()
  await writer.kill()
  for (let line = await writer.next(); line !== null; line = await writer.next()) told.push(line)
  await server.start()
  return told as Told[]
}

beforeAll(async () => {
  server = await startPostgres()
}, 30_000)

afterAll(async () => {
  await server.remove()
})

beforeEach(() => {
  schema = `faults_${schemas++}`
  url = server.url(schema)
  opened = []
  children = []
})

afterEach(async () => {
  for (const one of children) await one.kill()
  for (const store of opened) await store.close()
})

describe('a server that does not answer', () => {
  it('lets no call wait for more than a second, and all is as before when it answers again', async () => {
    const store = await open()
    const session = await created(store)
    server.freeze()
    try {
      const outcomes = await Promise.all([
        ...Array.from({ length: 20 }, () => timed(store.read(session.id))),
        timed(store.touch(session.id, session.idleAt + 1)),
        timed(store.update(session.id, 1, bytes('x'))),
        timed(store.create(record())),
        timed(store.end(record().sid)),
        timed(store.writeState({ sid: null, name: 's' }, [{ key: 'k', value: bytes('v') }])),
        timed(store.ping()),
      ])
      expect(new Set(outcomes.map(({ code }) => code))).toEqual(new Set(['ERR_STORE_TIMEOUT']))
      expect(Math.max(...outcomes.map(({ ms }) => ms))).toBeLessThan(1250)
      expect(store.isCurrent()).toBe(false)
    } finally {
      server.thaw()
    }
    await healed(store)
    expect((await store.read(session.id))?.state).toBe('live')
    await current(store)
  })

  it('has no more than a thousand wait, and turns the rest away at once', async () => {
    const store = await open()
    server.freeze()
    try {
      const outcomes = await Promise.all(Array.from({ length: 3000 }, () => timed(store.read('x'))))
      const refused = outcomes.filter(({ code }) => code === 'ERR_STORE_UNAVAILABLE')
      expect(refused.length).toBeGreaterThan(1500)
      expect(outcomes.filter(({ code }) => code === 'answered')).toEqual([])
    } finally {
      server.thaw()
    }
    await healed(store)
  })

  it('gives up a write that waits for a lock, for certain: it is not made later', async () => {
    const store = await open()
    const session = await created(store)
    const holding = server.sql(
      `DO $$ BEGIN PERFORM FROM ${schema}.sessions FOR UPDATE; PERFORM pg_sleep(1.5); END $$`,
    )
    await server.seen(`wait_event = 'PgSleep'`)
    const { code, ms } = await timed(store.update(session.id, 1, bytes('late')))
    expect(code).toBe('ERR_STORE_TIMEOUT')
    expect(ms).toBeLessThan(1250)
    await holding
    await server.seen(`state = 'active' AND query LIKE '%update_session%'`, false)
    expect(await store.read(session.id)).toMatchObject({ session: { version: 1 } })
  })

  it('does not acknowledge what a standby that must confirm has not', async () => {
    const before = await open()
    const session = await created(before)
    await before.close()
    // Not by a reload: that takes effect in one process after the other.
    await server.stop()
    await server.start(['synchronous_standby_names=nobody'])
    const store = await open()
    try {
      const ending = timed(store.end(session.sid))
      expect((await ending).code).toBe('ERR_STORE_TIMEOUT')
      // Whoever gives up waiting for the standby on the server gets a warning with the success.
      const other = timed(store.create(record()))
      const waits = `wait_event = 'SyncRep' AND query LIKE '%create_session%'`
      await server.seen(waits)
      await server.sql(`SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE ${waits}`)
      expect(await other).toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
    } finally {
      await server.stop()
      await server.start()
    }
    await healed(store)
  })
})

describe('a server that crashes', () => {
  it('has everything that was acknowledged, and nothing that was ended', { timeout: 60_000 }, async () => {
    const told: Told[] = []
    for (let round = 0; round < 3; round++) told.push(...(await hammerAndCrash(150)))
    const store = await open()
    const ended = new Set(told.flatMap((one) => (one.kind === 'ended' ? [one.id] : [])))
    const live = told.filter((one) => one.kind === 'live').filter(({ id }) => !ended.has(id))
    let movedOn = 0
    for (const { id, sid } of live) {
      if ((await store.read(id))?.state === 'live') continue
      // Never lost: what is not live any more was ended by a writer that could not say so, and left its tombstone.
      expect(await store.create(record({ id, sid }))).toBe('ended')
      movedOn += 1
    }
    expect(movedOn).toBeLessThanOrEqual(3 * 4)
    for (const id of ended) expect(await store.read(id)).toBeNull()
    const entries = await store.readState({ sid: null, name: 'shared' })
    for (const one of told) {
      if (one.kind !== 'wrote') continue
      expect(entries.get(one.key)?.version).toBeGreaterThanOrEqual(one.version)
    }
    expect(ended.size).toBeGreaterThan(30)
    expect(live.length).toBeGreaterThan(30)
  })

  it('has what must last also where the server is told to answer before it is on the disk', async () => {
    await server.set('synchronous_commit', 'off')
    const store = await open()
    const kept = await Promise.all([created(store), created(store), created(store)])
    const last = await created(store)
    // Before the log writer, every 200 ms, would have written it anyway.
    await server.kill()
    await server.start()
    await healed(store)
    for (const { id } of [...kept, last]) expect((await store.read(id))?.state).toBe('live')
    await server.set('synchronous_commit', null)
  })

  it('is a gap to those who follow the changes, and they go on following', async () => {
    const one = await open()
    const two = await open()
    const session = await created(one)
    await Promise.all([current(one), current(two)])
    const changes = changesOf(two)
    await server.kill()
    expect((await timed(one.read(session.id))).code).not.toBe('answered')
    await server.start()
    await Promise.all([healed(one), healed(two)])
    await Promise.all([current(one), current(two)])
    expect(changes).toEqual([{ kind: 'gap' }])
    await one.end(session.sid)
    expect(two.isCurrent() && changes.at(-1)?.kind !== 'ended').toBe(false)
    await current(two)
    expect(changes.at(-1)).toMatchObject({ kind: 'ended', sid: session.sid })
  })
})

describe('the change feed', () => {
  it('catches up when its connection is ended, and vouches for nothing it has not told', async () => {
    const one = await open()
    const two = await open()
    const changes = changesOf(two)
    for (let round = 0; round < 10; round++) {
      const session = await created(one)
      await Promise.all([current(one), current(two)])
      await server.sql(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%".beat(%' AND pid <> pg_backend_pid()`,
      )
      await one.end(session.sid)
      const last = changes.at(-1)
      const isTold = last?.kind === 'gap' || (last?.kind === 'ended' && last.sid === session.sid)
      expect(two.isCurrent() && !isTold).toBe(false)
      await current(two)
      expect(changes.at(-1)).toMatchObject({ kind: 'ended', sid: session.sid })
    }
    expect(changes.filter(({ kind }) => kind === 'gap')).toEqual([])
  })

  it('is the same for everybody: the same changes in the same order', async () => {
    const stores = await Promise.all([open(), open(), open()])
    await Promise.all(stores.map(current))
    const seen = stores.map(changesOf)
    await Promise.all(
      Array.from({ length: 30 }, async (_, index) => {
        const at = (offset: number): SessionStore =>
          stores[(index + offset) % 3] ?? (stores[0] as SessionStore)
        const session = await created(at(0))
        await Promise.all([
          at(1).update(session.id, 1, bytes('x')),
          at(2).writeState({ sid: session.sid, name: 's' }, [{ key: 'k', value: bytes('v') }]),
          at(0).writeState({ sid: null, name: 's' }, [{ key: `${index}`, value: bytes('v') }]),
        ])
        await at(2).end(session.sid)
      }),
    )
    await Promise.all(stores.map(current))
    expect(seen[0]?.length).toBeGreaterThan(100)
    expect(seen[1]).toEqual(seen[0])
    expect(seen[2]).toEqual(seen[0])
    // Where two writes met, the feed has them in the order in which they were made: an end is the last of its session.
    const over = new Set<string>()
    for (const change of seen[0] ?? []) {
      const sid = change.kind === 'state' ? change.scope.sid : 'sid' in change && change.sid
      if (typeof sid !== 'string') continue
      expect(over.has(sid)).toBe(false)
      if (change.kind === 'ended') over.add(sid)
    }
    expect(over.size).toBe(30)
  })
})
