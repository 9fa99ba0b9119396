import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Worker } from 'node:worker_threads'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { SessionStore } from '../../src/core/contracts.ts'
import type { StoreError } from '../../src/core/errors.ts'
import { sqliteStore } from '../../src/stores/sqlite.ts'
import { atOnce, changesOf, tally } from '../../src/testing/opened-store.ts'
import { begunNow, bytes, created, newSid, startAt } from '../../src/testing/records.ts'

let folder: string
let path: string
let now: number
let stores: SessionStore[]

async function open(pollMs = 3_600_000): Promise<SessionStore> {
  const store = await sqliteStore({ path, now: () => now, pollMs })
  stores.push(store)
  return store
}

const codeOf = (answer: Promise<unknown>): Promise<string> =>
  answer.then(
    () => 'answered',
    (error: StoreError) => error.code,
  )

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-'))
  path = join(folder, 'holdfast.db')
  now = startAt
  stores = []
})

afterEach(async () => {
  for (const store of stores) await store.close()
  rmSync(folder, { recursive: true })
})

describe('sqliteStore() while another process holds the lock', () => {
  it('answers reads, gives writes up after a second, and heals when the lock is free', async () => {
    const store = await open()
    const session = await created(store)
    const other = new DatabaseSync(path)
    other.exec('BEGIN IMMEDIATE')
    const begun = performance.now()
    const ending = Promise.all([codeOf(store.end(session.sid)), codeOf(store.touch(session.id, startAt))])
    expect((await store.read(session.id))?.state).toBe('live')
    expect(store.isCurrent()).toBe(true)
    expect(await ending).toEqual(['ERR_STORE_TIMEOUT', 'ERR_STORE_TIMEOUT'])
    const waited = performance.now() - begun
    expect(waited).toBeGreaterThan(900)
    expect(waited).toBeLessThan(2000)
    other.exec('ROLLBACK')
    other.close()
    expect(await store.end(session.sid)).toBe(true)
  })

  it('waits for a lock that is given back in time', async () => {
    const store = await open()
    const session = await created(store)
    const other = new DatabaseSync(path)
    other.exec('BEGIN IMMEDIATE')
    const ended = store.end(session.sid)
    setTimeout(() => other.exec('ROLLBACK'), 400)
    expect(await ended).toBe(true)
    other.close()
  })
})

describe('sqliteStore() whose writing thread dies', () => {
  it('fails what was waiting, starts another thread, and loses nothing it acknowledged', async () => {
    const started: Worker[] = []
    const onWorker = (worker: Worker): void => {
      started.push(worker)
    }
    process.on('worker', onWorker)
    const store = await open()
    const kept = await atOnce(20, () => created(store))
    const inFlight = atOnce(200, () => codeOf(store.once(newSid(), 1000)))
    await started[0]?.terminate()
    const codes = tally(await inFlight)
    expect([...codes.keys()].every((code) => ['answered', 'ERR_STORE_UNAVAILABLE'].includes(code))).toBe(true)
    expect(codes.get('ERR_STORE_UNAVAILABLE')).toBeGreaterThan(0)
    expect((await store.read(kept[0]?.id ?? ''))?.state).toBe('live')
    const again = new Promise<Worker>((resolve) => process.once('worker', resolve))
    await again
    while ((await codeOf(store.ping())) !== 'answered') await new Promise(setImmediate)
    process.off('worker', onWorker)
    for (const { id } of kept) expect((await store.read(id))?.state).toBe('live')
    expect(await store.end(kept[0]?.sid ?? '')).toBe(true)
  })
})

describe('the change feed of sqliteStore()', () => {
  it('says that there is a gap to one who fell behind what was pruned', async () => {
    const [writer, late] = [await open(), await open()]
    const changes = changesOf(late)
    await writer.end((await created(writer)).sid)
    now += 20 * 60_000
    await writer.sweep(10)
    const session = await created(writer)
    await writer.end(session.sid)
    expect(late.isCurrent()).toBe(true)
    expect(changes[0]).toEqual({ kind: 'gap' })
    await writer.revoke('all', now)
    expect(late.isCurrent()).toBe(true)
    expect(changes.at(-1)).toMatchObject({ kind: 'revoked' })
    expect(changes.filter(({ kind }) => kind === 'gap')).toHaveLength(1)
  })

  it('says that there is a gap when everything new was pruned', async () => {
    const [writer, late] = [await open(), await open()]
    const changes = changesOf(late)
    await writer.end((await created(writer)).sid)
    now += 20 * 60_000
    await writer.sweep(10)
    expect(late.isCurrent()).toBe(true)
    expect(changes).toEqual([{ kind: 'gap' }])
  })

  it('keeps what was written in the last ten minutes', async () => {
    const [writer, late] = [await open(), await open()]
    const changes = changesOf(late)
    const session = await created(writer)
    await writer.end(session.sid)
    now += 10 * 60_000
    await writer.sweep(10)
    expect(late.isCurrent()).toBe(true)
    expect(changes).toEqual([{ kind: 'ended', id: session.id, sid: session.sid }])
  })

  it('does not tell one who is thousands of changes behind of each', async () => {
    const [writer, late] = [await open(), await open()]
    const changes = changesOf(late)
    const scope = { sid: null, name: 's' }
    // In portions, for every write has to be acknowledged within a second.
    for (let portion = 0; portion < 51; portion++) {
      await atOnce(100, (index) => writer.writeState(scope, [{ key: `${index % 7}`, value: bytes('v') }]))
    }
    expect(late.isCurrent()).toBe(true)
    expect(changes).toEqual([{ kind: 'gap' }])
  })

  it('vouches for nothing while a watcher is being told', async () => {
    const store = await open()
    const answers: boolean[] = []
    store.watch(() => answers.push(store.isCurrent()))
    await store.end((await created(store)).sid)
    expect(answers).toEqual([false])
    expect(store.isCurrent()).toBe(true)
  })
})

describe('the write-ahead log of sqliteStore()', () => {
  const megabyte = 1024 * 1024
  const size = (): number => statSync(`${path}-wal`).size

  /** Writes a megabyte that was not there before: SQLite writes no page that stays as it is. */
  function writeMegabyte(store: SessionStore, round: number): Promise<unknown> {
    const value = new Uint8Array(megabyte / 16).fill(round)
    return atOnce(16, (index) => store.writeState({ sid: null, name: 's' }, [{ key: `${index}`, value }]))
  }

  it('stays bounded while writes and reads go on', { timeout: 60_000 }, async () => {
    const [store, reader] = [await open(), await open(1)]
    let largest = 0
    for (let round = 0; round < 60; round++) {
      const written = writeMegabyte(store, round)
      await reader.readState({ sid: null, name: 's' })
      await written
      largest = Math.max(largest, size())
    }
    expect(largest).toBeLessThan(20 * megabyte)
  })

  it('is cut back after a long reader that made it grow', { timeout: 60_000 }, async () => {
    const store = await open()
    const backup = new DatabaseSync(path)
    backup.exec('BEGIN; SELECT count(*) FROM sessions')
    for (let round = 0; round < 30; round++) await writeMegabyte(store, round)
    expect(size()).toBeGreaterThan(25 * megabyte)
    backup.exec('COMMIT')
    backup.close()
    for (let round = 0; round < 3; round++) await writeMegabyte(store, round)
    expect(size()).toBeLessThanOrEqual(16 * megabyte)
  })
})

describe('revoked sessions in sqliteStore()', () => {
  it('are removed by later sweeps, with their state, though their deadline is far', async () => {
    const store = await open()
    const ofUser = await atOnce(30, () => created(store, { user: 'a' }))
    const others = await atOnce(30, () => created(store, { user: null }))
    await store.writeState({ sid: ofUser[0]?.sid ?? '', name: 's' }, [{ key: 'k', value: bytes('v') }])
    await store.revoke({ user: 'a' }, startAt)
    // Thirty sessions, and the one piece of state.
    expect(await sweepAll(store, 7)).toBe(31)
    await store.revoke('all', startAt)
    const late = await created(store, { user: 'a', begun: await begunNow(store) })
    expect(await sweepAll(store, 7)).toBe(30)
    expect((await store.read(late.id))?.state).toBe('live')
    for (const session of [...ofUser, ...others]) expect(await store.create(session)).toBe('ended')
    const db = new DatabaseSync(path)
    expect(db.prepare('SELECT count(*) AS rows FROM sessions').get()).toMatchObject({ rows: 1 })
    expect(db.prepare('SELECT count(*) AS rows FROM entries').get()).toMatchObject({ rows: 0 })
    db.close()
  })
})

async function sweepAll(store: SessionStore, limit: number): Promise<number> {
  let removed = 0
  for (;;) {
    const count = await store.sweep(limit)
    expect(count).toBeLessThanOrEqual(limit)
    if (count === 0) return removed
    removed += count
  }
}
