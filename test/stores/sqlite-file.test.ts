import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { SessionStore } from '../../src/core/contracts.ts'
import { StoreError } from '../../src/core/errors.ts'
import { sqliteStore } from '../../src/stores/sqlite.ts'
import { atOnce } from '../../src/testing/opened-store.ts'
import { bytes, created, rotated } from '../../src/testing/records.ts'
import { scanFiles } from './dump-scanner.ts'
import { canMount, mountSmallDisk } from './small-disk.ts'

let folder: string
let path: string
let stores: SessionStore[]

async function open(file: string = path): Promise<SessionStore> {
  const store = await sqliteStore({ path: file })
  stores.push(store)
  return store
}

async function faultOf(answer: Promise<unknown>): Promise<StoreError> {
  const outcome = await answer.then(
    () => null,
    (error: unknown) => error,
  )
  if (outcome instanceof StoreError) return outcome
  throw new Error(`Expected a StoreError, got ${String(outcome)}.`)
}

/** Does it until it fails: with what. */
async function untilFault(act: () => Promise<unknown>): Promise<StoreError> {
  for (let count = 0; count < 10_000; count++) {
    try {
      await act()
    } catch (error) {
      if (error instanceof StoreError) return error
      throw error
    }
  }
  throw new Error('It never failed.')
}

function modeOf(file: string): string {
  return (statSync(file).mode & 0o777).toString(8)
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-'))
  path = join(folder, 'holdfast.db')
  stores = []
})

afterEach(async () => {
  for (const store of stores) await store.close()
  rmSync(folder, { recursive: true })
})

describe('the SQLite file', () => {
  it('is readable by its owner alone, and so is the folder made for it', async () => {
    path = join(folder, 'deep', 'er', 'holdfast.db')
    const store = await open()
    await created(store)
    expect(modeOf(join(folder, 'deep'))).toBe('700')
    expect(modeOf(join(folder, 'deep', 'er'))).toBe('700')
    const files = readdirSync(join(folder, 'deep', 'er'))
    expect(files.sort()).toEqual(['holdfast.db', 'holdfast.db-shm', 'holdfast.db-wal'])
    for (const file of files) expect(modeOf(join(folder, 'deep', 'er', file))).toBe('600')
  })

  it('is taken from the eyes of others if they could read it', async () => {
    await (await open()).close()
    for (const file of [path, `${path}-wal`]) {
      writeFileSync(file, '', { flag: 'a' })
      chmodSync(file, 0o664)
    }
    await open()
    expect(modeOf(path)).toBe('600')
    expect(modeOf(`${path}-wal`)).toBe('600')
  })

  it('leaves the mode of a folder that was there alone', async () => {
    chmodSync(folder, 0o755)
    await open()
    expect(modeOf(folder)).toBe('755')
  })

  it('loses the state of an ended session soon after, without a sweep', async () => {
    const store = await open()
    const session = await created(store)
    const changes = Array.from({ length: 50 }, (_, key) => ({ key: `${key}`, value: bytes('v') }))
    await store.writeState({ sid: session.sid, name: 'session' }, changes)
    await store.end(session.sid)
    const db = new DatabaseSync(path)
    const entries = db.prepare('SELECT count(*) AS count FROM entries')
    while (entries.get()?.count !== 0) await new Promise(setImmediate)
    db.close()
  })

  it('is one file again after the last process has closed it', async () => {
    const [one, two] = [await open(), await open()]
    await created(one)
    await one.close()
    await created(two)
    await two.close()
    expect(readdirSync(folder)).toEqual(['holdfast.db'])
  })

  it('holds nothing of a session and its state after the end', async () => {
    const store = await open()
    const kept = await created(store, { sealed: bytes('canary of a live session') })
    const session = await created(store, {
      sealed: bytes('canary of an ended session'),
      key: bytes('canary key'),
    })
    const next = await rotated(store, session)
    await store.update(next.id, 2, bytes('canary of an update'))
    const scope = { sid: session.sid, name: 'session' }
    const long = bytes(`canary in a long value ${'x'.repeat(100_000)} canary at its end`)
    const short = Array.from({ length: 200 }, (_, key) => ({ key: `${key}`, value: bytes('canary value') }))
    await store.writeState(scope, [{ key: 'k', value: long }, ...short])
    await store.end(session.sid)
    await store.close()
    const canaries = [
      'canary of an ended',
      'canary key',
      'sealed token',
      'canary of an update',
      'canary in a',
      'canary value',
      'canary at its',
    ]
    expect(scanFiles(folder, canaries)).toEqual([])
    expect(scanFiles(folder, ['canary of a live session', kept.id])).toHaveLength(2)
  })
})

describe('sqliteStore() on a file it cannot use', () => {
  it('says that a folder is no file', async () => {
    mkdirSync(path)
    const fault = await faultOf(open())
    expect(fault.code).toBe('ERR_STORE_UNAVAILABLE')
    expect(fault.message).toContain(`${path} cannot be opened: this is no file`)
  })

  it('says that a file in the way of its folder is in the way', async () => {
    writeFileSync(join(folder, 'file'), '')
    const fault = await faultOf(open(join(folder, 'file', 'holdfast.db')))
    expect(fault.code).toBe('ERR_STORE_UNAVAILABLE')
    expect(fault.message).toContain('name another file')
  })

  it('says that a file is no database, and leaves it as it is', async () => {
    const content = 'users:\n  - name: ada\n'.repeat(100)
    writeFileSync(path, content)
    const fault = await faultOf(open())
    expect(fault.code).toBe('ERR_STORE_CORRUPT')
    expect(fault.message).toContain('no SQLite database')
    expect(readFileSync(path, 'utf8')).toBe(content)
  })

  it("says that a database is another program's, and leaves it as it is", async () => {
    const db = new DatabaseSync(path)
    db.exec('CREATE TABLE sessions (id TEXT)')
    db.close()
    const before = readFileSync(path)
    const fault = await faultOf(open())
    expect(fault.code).toBe('ERR_STORE_UNAVAILABLE')
    expect(fault.message).toContain('another program')
    expect(Buffer.compare(readFileSync(path), before)).toBe(0)
  })

  it('says that a newer Holdfast wrote it', async () => {
    await (await open()).close()
    const db = new DatabaseSync(path)
    db.exec('PRAGMA user_version = 99')
    db.close()
    const fault = await faultOf(open())
    expect(fault.code).toBe('ERR_STORE_UNAVAILABLE')
    expect(fault.message).toContain('newer Holdfast (schema 99')
  })

  it('counts what a file of an earlier version holds, and takes no more than a scope may', async () => {
    const scope = { sid: null, name: 'user a' }
    const first = await open()
    await first.writeState(scope, [{ key: 'a', value: bytes('1234567') }])
    await first.close()
    const db = new DatabaseSync(path)
    db.exec(`
      ALTER TABLE scopes DROP COLUMN bytes;
      ALTER TABLE sessions DROP COLUMN begun;
      ALTER TABLE epochs DROP COLUMN revoked_at;
      ALTER TABLE epoch_of_all DROP COLUMN revoked_at;
      ALTER TABLE epoch_of_all DROP COLUMN newest;
      PRAGMA user_version = 1`)
    db.close()
    const store = await open()
    const full = await store.writeState(scope, [{ key: 'b', value: bytes('1234') }], 10)
    expect(full).toEqual({ outcome: 'full', bytes: 11 })
    expect((await store.writeState(scope, [{ key: 'b', value: bytes('123') }], 10)).outcome).toBe('written')
  })

  it('never takes a damaged file for an empty one', async () => {
    const store = await open()
    await atOnce(200, () => created(store))
    await store.close()
    const size = statSync(path).size
    for (const keep of [size - 4096, size / 2, 4096, 100]) {
      const copy = join(folder, `${keep}.db`)
      writeFileSync(copy, readFileSync(path))
      truncateSync(copy, keep)
      const look = async (): Promise<number> => {
        const damaged = await open(copy)
        let count = 0
        for await (const _ of damaged.scan()) count += 1
        return count
      }
      expect((await faultOf(look())).code).toBe('ERR_STORE_CORRUPT')
    }
  })

  it('notices on a ping that the file was taken away', async () => {
    const store = await open()
    await store.ping()
    for (const file of readdirSync(folder)) rmSync(join(folder, file))
    expect((await faultOf(store.ping())).message).toContain('removed')
  })
})

describe.skipIf(!canMount())('sqliteStore() on a disk that fails', () => {
  it('says that a disk is read-only', async () => {
    const disk = mountSmallDisk(1)
    try {
      disk.makeReadOnly()
      const fault = await faultOf(open(join(disk.folder, 'holdfast.db')))
      expect(fault.code).toBe('ERR_STORE_UNAVAILABLE')
      expect(fault.message).toContain('name another file')
    } finally {
      disk.remove()
    }
  })

  it('refuses writes on a full disk, goes on reading, and heals when there is room', async () => {
    const disk = mountSmallDisk(4)
    try {
      writeFileSync(join(disk.folder, 'ballast'), Buffer.alloc(1_000_000))
      const store = await open(join(disk.folder, 'holdfast.db'))
      const session = await created(store)
      const scope = { sid: session.sid, name: 'session' }
      const write = (key: number) =>
        store.writeState(scope, [{ key: `${key}`, value: new Uint8Array(100_000).fill(1) }])
      let written = 0
      const fault = await untilFault(async () => {
        await write(written)
        written += 1
      })
      expect(fault.code).toBe('ERR_STORE_FULL')
      expect(fault.message).toContain('Free some space')
      // A big value may not fit while a small one still does.
      let small = 0
      await untilFault(() => store.once(`key ${small++}`, 1000))
      expect(written).toBeGreaterThan(3)
      expect((await store.readState(scope)).size).toBe(written)
      expect((await store.read(session.id))?.state).toBe('live')
      expect(store.isCurrent()).toBe(true)
      expect((await faultOf(store.ping())).code).toBe('ERR_STORE_FULL')
      rmSync(join(disk.folder, 'ballast'))
      await store.ping()
      expect((await write(written)).outcome).toBe('written')
      expect(await store.end(session.sid)).toBe(true)
      await store.close()
    } finally {
      disk.remove()
    }
  })
})
