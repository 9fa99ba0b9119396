import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { SessionStore } from '../../src/core/contracts.ts'
import { sqliteStore } from '../../src/stores/sqlite.ts'
import { bytes, created, liveOf, record } from '../../src/testing/records.ts'
import { type Child, startChild } from './child.ts'
import type { Acknowledged } from './sqlite-child.ts'

let folder: string
let path: string
let store: SessionStore | undefined
let children: Child[]

async function open(): Promise<SessionStore> {
  store = await sqliteStore({ path })
  return store
}

async function child(pollMs?: number): Promise<Child> {
  const started = await startChild(path, pollMs)
  children.push(started)
  return started
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-'))
  path = join(folder, 'holdfast.db')
  children = []
  store = undefined
})

afterEach(async () => {
  for (const one of children) await one.kill()
  await store?.close()
  rmSync(folder, { recursive: true })
})

describe('several processes on one SQLite file', () => {
  it('start together on a file that is not there yet', async () => {
    const started = await Promise.all([child(), child(), child(), open()])
    expect(started).toHaveLength(4)
    const answers = await Promise.all(children.map((one) => one.ask({ do: 'once', key: 'k', count: 50 })))
    expect(answers.reduce((sum: number, count) => sum + Number(count), 0)).toBe(1)
  })

  it('lose no count: every conditional write of one is seen by the others', async () => {
    const here = await open()
    await Promise.all([child(), child()])
    await Promise.all(children.map((one) => one.ask({ do: 'count', key: 'k', count: 40 })))
    const entry = (await here.readState({ sid: null, name: 'shared' })).get('k')
    expect(Buffer.from(entry?.value ?? []).toString()).toBe('80')
    expect(entry?.version).toBe(80)
  })

  it('rotate a token once between them', async () => {
    const here = await open()
    await Promise.all([child(), child()])
    const session = await created(here)
    const answers = await Promise.all(children.map((one) => one.ask({ do: 'rotate', session, count: 20 })))
    const winners = answers.flat() as string[]
    expect(winners).toHaveLength(1)
    expect(await here.read(session.id)).toMatchObject({ state: 'rotated', next: { id: winners[0] } })
    expect((await liveOf(here, winners[0] ?? '')).sid).toBe(session.sid)
  })

  it('trust nothing they keep of a session from the moment another acknowledged its end', async () => {
    const here = await open()
    // One that never looks by itself: only its question on the warm path can tell it.
    const other = await child(3_600_000)
    for (let round = 0; round < 40; round++) {
      const session = await created(here)
      expect(await other.ask({ do: 'trust', sid: session.sid })).toBe(true)
      await here.end(session.sid)
      expect(await other.ask({ do: 'trust', sid: session.sid })).toBe(false)
    }
  })

  it('hear of an end within a tenth of a second, without asking', async () => {
    const here = await open()
    const other = await child()
    const delays: number[] = []
    for (let round = 0; round < 20; round++) {
      const session = await created(here)
      const heard = other.ask({ do: 'await end', sid: session.sid })
      await here.end(session.sid)
      const acknowledgedAt = performance.timeOrigin + performance.now()
      delays.push(Number(await heard) - acknowledgedAt)
    }
    // The median, for the machine may be busy with something else at any one moment.
    expect(delays.sort((a, b) => a - b)[10]).toBeLessThan(100)
  })

  it('keep a process alive only until what it ordered is done', async () => {
    const other = await child()
    expect(await other.end()).toBe(0)
  })
})

/** What has to be true of the store after a writer told of these and was killed. */
interface Expected {
  readonly live: Map<string, string>
  readonly rotated: Map<string, string>
  readonly ended: Map<string, readonly string[]>
  readonly versions: Map<string, number>
}

function note(expected: Expected, one: Acknowledged): void {
  switch (one.kind) {
    case 'created':
      expected.live.set(one.session.sid, one.session.id)
      break
    case 'rotated':
      expected.rotated.set(one.from, one.to)
      expected.live.set(one.sid, one.to)
      break
    case 'wrote':
      expected.versions.set(one.key, one.version)
      break
    case 'ended':
      expected.ended.set(one.sid, one.ids)
      expected.live.delete(one.sid)
  }
}

/** Lets a writer work until it has acknowledged this much, kills it, and takes in what it still said. */
async function hammerAndKill(expected: Expected, acknowledgements: number): Promise<void> {
  const writer = await child()
  let line = await writer.ask({ do: 'hammer' })
  for (let count = 0; count < acknowledgements; count++) {
    note(expected, line as Acknowledged)
    line = await writer.next()
  }
  await writer.kill()
  for (; line !== null; line = await writer.next()) note(expected, line as Acknowledged)
}

/** Holds the store against what was acknowledged; how many sessions an unacknowledged write has moved on. */
async function check(here: SessionStore, expected: Expected): Promise<number> {
  let movedOn = 0
  for (const [sid, ids] of expected.ended) {
    for (const id of ids) expect(await here.read(id)).toBeNull()
    expect(await here.create(record({ sid, id: ids[0] ?? '' }))).toBe('ended')
    expect(await here.update(ids.at(-1) ?? '', 2, bytes('late'))).toBe(false)
  }
  for (const [sid, id] of expected.live) {
    const found = await here.read(id)
    if (found?.state === 'live') expect(found.session.sid).toBe(sid)
    else {
      // Never lost: what is not live any more has left its tombstone.
      expect(await here.create(record({ sid, id }))).toBe('ended')
      movedOn += 1
    }
  }
  for (const [from, to] of expected.rotated) {
    const found = await here.read(from)
    if (found !== null) expect(found).toMatchObject({ state: 'rotated', next: { id: to } })
  }
  const entries = await here.readState({ sid: null, name: 'shared' })
  for (const [key, version] of expected.versions) {
    expect(entries.get(key)?.version).toBeGreaterThanOrEqual(version)
  }
  return movedOn
}

const kills = 12
const writers = 4

describe('a process that is killed in the middle of writing', () => {
  it('leaves everything it acknowledged, and no session that it ended', { timeout: 60_000 }, async () => {
    const expected: Expected = {
      live: new Map(),
      rotated: new Map(),
      ended: new Map(),
      versions: new Map(),
    }
    for (let round = 0; round < kills; round++) {
      await hammerAndKill(expected, 40 + Math.floor(Math.random() * 200))
      // Some of the times nobody else had the file open, so that it was recovered from the log alone.
      if (round % 4 === 0) continue
      store ??= await open()
      expect(await check(store, expected)).toBeLessThanOrEqual(kills * writers)
      if (round % 4 !== 3) continue
      await store.close()
      store = undefined
    }
    expect(expected.ended.size).toBeGreaterThan(50)
    expect(expected.live.size).toBeGreaterThan(50)
    store = await open()
    expect(await check(store, expected)).toBeLessThanOrEqual(kills * writers)
  })
})
