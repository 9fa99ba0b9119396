/** What it costs to look a session up in the embedded store, among a thousand and among a million. */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { SessionStore, StoredSession } from '../src/core/contracts.ts'
import { openKeyring } from '../src/core/keyring.ts'
import { createSessionManager, type SessionManager } from '../src/core/manager.ts'
import { defaultPolicy } from '../src/core/policy.ts'
import { sqliteStore } from '../src/stores/sqlite.ts'
import { median, table } from './report.ts'

const sealed = randomBytes(512)
const key = randomBytes(60)

/** A row as the gateway writes them, in size. */
export function storedSession(): StoredSession {
  const now = Date.now()
  return {
    ...{ id: randomBytes(32).toString('base64url'), sid: randomBytes(16).toString('base64url') },
    ...{ user: randomBytes(16).toString('base64url'), begun: 0, createdAt: now, idleAt: now + 3_600_000 },
    ...{ absoluteAt: now + 86_400_000, version: 1, sealed, key },
  }
}

/** Fills a store file, past the store's own door: a million fsyncs would prove nothing. Returns a sample of ids. */
export function fill(path: string, count: number): readonly string[] {
  const db = new DatabaseSync(path)
  db.exec('PRAGMA synchronous = OFF; PRAGMA cache_size = -400000; BEGIN')
  const insert = db.prepare(`
    INSERT INTO sessions (id, sid, user, created_at, idle_at, absolute_at, version, key, sealed)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`)
  const ids: string[] = []
  for (let index = 0; index < count; index++) {
    const { id, sid, user, createdAt, idleAt, absoluteAt, version } = storedSession()
    insert.run(id, sid, user, createdAt, idleAt, absoluteAt, version, key, sealed)
    if (index % Math.max(1, Math.floor(count / 1000)) === 0) ids.push(id)
  }
  db.exec('COMMIT; PRAGMA wal_checkpoint(TRUNCATE)')
  db.close()
  return ids
}

/** CPU microseconds a look-up of one of the ids. */
export async function lookUp(store: SessionStore, ids: readonly string[], turns: number): Promise<number> {
  const begun = process.threadCpuUsage()
  for (let turn = 0; turn < turns; turn++) for (const id of ids) await store.read(id)
  const { user, system } = process.threadCpuUsage(begun)
  return (user + system) / ids.length / turns
}

/** A store with a thousand people who signed in, and their credentials. */
async function people(path: string): Promise<readonly string[]> {
  const store = await sqliteStore({ path })
  const sessions = await engine(store)
  const begun = await sessions.begin()
  const who = {
    identity: { authenticator: 'users-file', userId: 'anna', claims: { email: 'anna@example.org' } },
  }
  const how = {
    device: { userAgent: 'Mozilla/5.0', address: '127.0.0.1' },
    remember: true,
    begun,
    replaces: null,
  }
  const issued = await Promise.all(Array.from({ length: 1_000 }, () => sessions.signIn({ ...who, ...how })))
  await store.close()
  return issued.map((one) => one?.credential ?? '')
}

// Keeps nothing: every look-up goes to the store.
async function engine(store: SessionStore): Promise<SessionManager> {
  const keyring = await openKeyring(store, ['a secret for measuring, 32 bytes or more'])
  return createSessionManager({ store, keyring, policy: defaultPolicy, cacheSize: 0 })
}

/** Another store with the same thousand, scattered evenly among strangers. */
async function crowd(small: string, path: string, count: number): Promise<void> {
  await (await sqliteStore({ path })).close()
  const db = new DatabaseSync(path)
  db.exec(`PRAGMA synchronous = OFF; PRAGMA cache_size = -400000; ATTACH '${small}' AS small; BEGIN`)
  db.exec('DELETE FROM keyring; INSERT INTO keyring SELECT * FROM small.keyring')
  const stranger = db.prepare(`
    INSERT INTO sessions (id, sid, user, created_at, idle_at, absolute_at, version, key, sealed)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`)
  const one = db.prepare(`
    INSERT INTO sessions (id, sid, user, created_at, idle_at, absolute_at, version, key, sealed)
    SELECT id, sid, user, created_at, idle_at, absolute_at, version, key, sealed FROM small.sessions WHERE row = ?`)
  for (let index = 0; index < count; index++) {
    const each = Math.floor(count / 1_000)
    if (index % each === 0) {
      one.run(1 + index / each)
      continue
    }
    const { id, sid, user, createdAt, idleAt, absoluteAt, version } = storedSession()
    stranger.run(id, sid, user, createdAt, idleAt, absoluteAt, version, key, sealed)
  }
  db.exec('COMMIT; PRAGMA wal_checkpoint(TRUNCATE)')
  db.close()
}

interface Place {
  readonly size: number
  readonly store: SessionStore
  readonly sessions: SessionManager
  readonly ids: readonly string[]
}

/** Both sizes in turns, so that a bad moment of the machine meets both; those who come are the same thousand. */
export async function benchLookUp(many: number, rounds: number): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-bench-'))
  const places: Place[] = []
  try {
    const paths = [join(folder, 'small.db'), join(folder, 'large.db')] as const
    const credentials = await people(paths[0])
    await crowd(paths[0], paths[1], many)
    for (const [index, path] of paths.entries()) {
      const store = await sqliteStore({ path, pollMs: 1_000 })
      const sessions = await engine(store)
      const loaded = await Promise.all(credentials.map((credential) => sessions.load(credential)))
      const ids = loaded.map((one) => one?.session.id ?? '')
      if (ids.includes('')) throw new Error('A stored session was not found.')
      places.push({ size: index === 0 ? 1_000 : many, store, sessions, ids })
    }
    console.log('  look-up: both stores are filled')
    return table(
      [
        'look-up',
        '1,000 sessions, CPU µs',
        `${many.toLocaleString('en')} sessions, CPU µs`,
        'relative, by round',
      ],
      [
        await compared('the row alone, by its id', places, rounds, ({ store, ids }, at) =>
          store.read(ids[at] ?? ''),
        ),
        await compared(
          'credential in, session out, unknown to this process',
          places,
          rounds,
          ({ sessions }, at) => sessions.load(credentials[at] ?? ''),
        ),
      ],
    )
  } finally {
    for (const { store } of places) await store.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function compared(
  name: string,
  places: readonly Place[],
  rounds: number,
  call: (place: Place, at: number) => Promise<unknown>,
): Promise<string[]> {
  const costs = places.map((): number[] => [])
  for (let round = -1; round < rounds; round++) {
    for (const [index, place] of places.entries()) {
      const begun = process.threadCpuUsage()
      for (let at = 0; at < 1_000; at++) await call(place, at)
      const { user, system } = process.threadCpuUsage(begun)
      if (round >= 0) costs[index]?.push((user + system) / 1_000)
    }
  }
  const ratios = (costs[1] ?? []).map((cost, round) => cost / (costs[0]?.[round] ?? Number.NaN))
  return [name, ...costs.map((all) => median(all).toFixed(1)), median(ratios).toFixed(2)]
}

if (import.meta.main) console.log(await benchLookUp(Number(process.argv[2] ?? 1_000_000), 31))
