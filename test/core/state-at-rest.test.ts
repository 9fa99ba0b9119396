/** What lies on the disk: nothing that a thief can read, nothing that somebody who writes to it can turn to account. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { SessionStore } from '../../src/core/contracts.ts'
import { openKeyring } from '../../src/core/keyring.ts'
import { createStateEngine } from '../../src/core/session-state.ts'
import type { ScopedState, SessionState } from '../../src/core/state.ts'
import { createUrlSessions } from '../../src/core/url-session.ts'
import { sqliteStore } from '../../src/stores/sqlite.ts'
import { scanFiles } from '../stores/dump-scanner.ts'
import { anna, ben, type Process, secret, startProcess } from './samples.ts'
import type { Line } from './state-writer.ts'

let folder: string
let path: string
let stores: SessionStore[]

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-'))
  path = join(folder, 'holdfast.db')
  stores = []
})

afterEach(async () => {
  for (const store of stores) await store.close()
  rmSync(folder, { recursive: true })
})

async function open(): Promise<SessionStore> {
  const store = await sqliteStore({ path })
  stores.push(store)
  return store
}

async function start(): Promise<Process> {
  const store = await open()
  const process = await startProcess({ store })
  // The store's clock is the real one here, and the engine's has to go with it.
  process.clock.at = Date.now()
  return process
}

async function stateOf(
  process: Process,
  identity = anna,
): Promise<{ state: SessionState; credential: string }> {
  const { session, credential } = await process.signIn({ identity })
  const state = process.sessions.state.of(process.sessions.capability(session) ?? '')
  if (state === null) throw new Error('The session opens no state.')
  return { state, credential }
}

interface Row {
  readonly row: number
  readonly scope: number
  readonly key: string
  readonly value: Uint8Array
}

/** Lets somebody who can write to the file do it. */
function tamper<Result>(act: (db: DatabaseSync) => Result): Result {
  const db = new DatabaseSync(path)
  try {
    return act(db)
  } finally {
    db.close()
  }
}

function entriesOf(db: DatabaseSync): readonly Row[] {
  return db.prepare('SELECT row, scope, key, value FROM entries ORDER BY row').all() as unknown as Row[]
}

async function everything(scopes: readonly (ScopedState | null)[]): Promise<readonly [string, unknown][]> {
  const found: [string, unknown][] = []
  for (const scope of scopes) {
    for (const [key, { value }] of (await scope?.entries()) ?? []) found.push([key, value])
  }
  return found
}

describe('a thief of the disk', () => {
  it('finds no value, no key, no name of a tab, no person and no token, in the file or beside it', async () => {
    const process = await start()
    const { state, credential } = await stateOf(process)
    const canaries: string[] = [credential, ...credential.split('.').slice(2), 'anna@example.org']
    const plant = (kind: string): string => {
      const canary = `canary-${kind}-${canaries.length}`
      canaries.push(canary)
      return canary
    }
    const tab = plant('tab-name')
    const scopes = [state.session, state.user, state.app, state.tab(tab), state.page(tab)]
    for (const scope of scopes) {
      await scope?.set(plant('key'), {
        [plant('inner-key')]: [plant('value'), new TextEncoder().encode(plant('bytes'))],
      })
      const gone = plant('deleted-key')
      await scope?.set(gone, plant('deleted-value'))
      await scope?.delete(gone)
      await scope?.set('overwritten', plant('old-value'))
      await scope?.set('overwritten', plant('new-value'.repeat(300)))
    }
    const urls = createUrlSessions({ store: process.store, keyring: process.keyring, now: process.clock.now })
    const url = await urls.ensure(null, state)
    await url.state.set(plant('url-key'), plant('url-value'))
    canaries.push(
      url.token,
      ...url.token.split('.').slice(2),
      process.sessions.capability((await process.signIn()).session) ?? '',
    )
    expect(scanFiles(folder, canaries)).toEqual([])
    await process.store.close()
    expect(scanFiles(folder, canaries)).toEqual([])
    // And the scanner does find what lies there in clear.
    tamper((db) => db.prepare('UPDATE entries SET key = ? WHERE row = 1').run(canaries[4] ?? ''))
    expect(scanFiles(folder, canaries).length).toBeGreaterThan(0)
  })

  it('reads nothing from how long things are but a step of 256 bytes, or of 1 KiB for larger ones', async () => {
    const process = await start()
    const { state } = await stateOf(process)
    for (const size of [0, 1, 100, 240, 260, 900, 1000, 1100, 5000, 70_000])
      await state.session.set(`${size}`, 'x'.repeat(size))
    const lengths = tamper((db) => entriesOf(db).map(({ value }) => value.length - 28))
    expect(new Set(lengths)).toEqual(new Set([256, 512, 1024, 2048, 5120, 70_656]))
  })

  it('opens nothing with the file and an old capability, without the secret', async () => {
    const process = await start()
    const { state } = await stateOf(process)
    await state.session.set('a', 1)
    const { session } = await process.signIn()
    const capability = process.sessions.capability(session) ?? ''
    const elsewhere = await sqliteStore({ path: join(folder, 'other.db') })
    stores.push(elsewhere)
    const keyring = await openKeyring(elsewhere, ['Another-secret-of-the-sea-0123456789'])
    const engine = createStateEngine({ store: process.store, keyring })
    expect(engine.of(capability)).toBeNull()
    expect(await engine.app.entries()).toEqual(new Map())
  })
})

describe('who can write to the store', () => {
  it('cannot put a value under another key, into another scope, or into another session', async () => {
    const process = await start()
    const [one, two] = [(await stateOf(process)).state, (await stateOf(process, ben)).state]
    const scopes = [one.session, one.tab('a'), one.page('a'), one.user, two.session, two.tab('a'), two.user]
    for (const scope of scopes) {
      await scope?.set('secret', 'mine')
      await scope?.set('public', 'ours')
    }
    const before = tamper(entriesOf)
    // Every box in every place: each opens at home alone, and what is out of place is not there.
    let opened = 0
    for (const { value: box } of before) {
      tamper((db) => db.prepare('UPDATE entries SET value = ?').run(box))
      // What a process remembers is its own, for five seconds at most.
      process.clock.advance(5_000)
      const found = await everything(scopes)
      for (const [key, value] of found) expect(value).toBe(key === 'secret' ? 'mine' : 'ours')
      expect(found.length).toBeLessThanOrEqual(1)
      opened += found.length
    }
    expect(opened).toBe(2 * scopes.length)
    tamper((db) => {
      const restore = db.prepare('UPDATE entries SET value = ? WHERE row = ?')
      for (const { row, value } of before) restore.run(value, row)
    })
    process.clock.advance(5_000)
    expect(await everything(scopes)).toHaveLength(2 * scopes.length)
  })

  it('cannot give a session another owner or move whole scopes', async () => {
    const process = await start()
    const [one, two] = [(await stateOf(process)).state, (await stateOf(process, ben)).state]
    await one.session.set('secret', 'mine')
    await one.user?.set('secret', 'mine')
    await two.session.set('other', 1)
    await two.user?.set('other', 1)
    tamper((db) => {
      const scopes = db.prepare('SELECT scope, owner, name FROM scopes ORDER BY scope').all() as {
        scope: number
        owner: string
        name: string
      }[]
      const [a, b, c, d] = scopes
      if (a === undefined || b === undefined || c === undefined || d === undefined)
        throw new Error('Four scopes.')
      const swap = db.prepare('UPDATE scopes SET owner = ?, name = ? WHERE scope = ?')
      for (const [from, to] of [
        [a, c],
        [b, d],
      ] as const) {
        swap.run('parked', 'parked', to.scope)
        swap.run(to.owner, to.name, from.scope)
        swap.run(from.owner, from.name, to.scope)
      }
    })
    for (const scope of [one.session, one.user, two.session, two.user]) {
      expect(await scope?.entries()).toEqual(new Map())
    }
  })

  it('makes a value unreadable by changing a bit of it, and nothing worse', async () => {
    const process = await start()
    const { state } = await stateOf(process)
    await state.session.write([
      { key: 'a', value: 1 },
      { key: 'b', value: 2 },
    ])
    const [first] = tamper(entriesOf)
    if (first === undefined) throw new Error('No entry.')
    for (const at of [0, 11, 12, 20, first.value.length - 1]) {
      const changed = Uint8Array.from(first.value)
      changed[at] = (changed[at] ?? 0) ^ 1
      tamper((db) => db.prepare('UPDATE entries SET value = ? WHERE row = ?').run(changed, first.row))
      expect((await state.session.entries()).size).toBe(1)
    }
    for (const cut of [0, 1, 27, 28, 100]) {
      tamper((db) =>
        db.prepare('UPDATE entries SET value = ? WHERE row = ?').run(first.value.subarray(0, cut), first.row),
      )
      expect((await state.session.entries()).size).toBe(1)
    }
    // And it can be written anew.
    await state.session.set('a', 3)
    expect(await state.session.get('a')).toBe(3)
  })
})

/** What a process that was killed after so many lines had been told was written, lane by lane. */
async function killedAfter(most: number): Promise<{
  readonly capability: string
  readonly acknowledged: ReadonlyMap<number, Extract<Line, { lane: number }>>
}> {
  const script = fileURLToPath(new URL('./state-writer.ts', import.meta.url))
  const child = spawn(process.execPath, [script, path], { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = new Promise((resolve) => child.once('exit', resolve))
  const acknowledged = new Map<number, Extract<Line, { lane: number }>>()
  let capability = ''
  let lines = 0
  for await (const text of createInterface({ input: child.stdout })) {
    const line = JSON.parse(text) as Line
    if ('capability' in line) capability = line.capability
    else acknowledged.set(line.lane, line)
    if (++lines === most) child.kill('SIGKILL')
  }
  await exited
  return { capability, acknowledged }
}

describe('kill -9', () => {
  it('loses no write that was acknowledged, and leaves none half made', async () => {
    for (const most of [60, 97, 134]) {
      const { capability, acknowledged } = await killedAfter(most)
      const store = await open()
      const engine = createStateEngine({ store, keyring: await openKeyring(store, [secret]) })
      const state = engine.of(capability)
      if (state === null) throw new Error('The capability opens nothing.')
      const scopes = [state.session, state.tab('a'), state.page('a'), state.user]
      expect(acknowledged.size).toBe(4)
      for (const [lane, { written, version }] of acknowledged) {
        const entries = await scopes[lane]?.entries()
        const count = entries?.get('count')
        expect(count?.value, `lane ${lane}`).toBeGreaterThanOrEqual(written)
        expect(count?.version).toBeGreaterThanOrEqual(version)
        const number = Number(count?.value)
        expect(entries?.get('load')?.value).toBe(`${number} `.repeat(number % 500))
      }
      await store.close()
    }
  }, 30_000)
})
