/**
 * Two replicas on one Redis, and on one Postgres: `node bench/shared-stores.ts [sessions]`. Starts the servers itself and
 * prints tables. What crosses a socket is given in wall time, so only what was measured in the same run compares.
 */
import { execFileSync } from 'node:child_process'
import { cpus } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { createClient } from 'redis'
import type { Identity, SessionStore } from '../src/core/contracts.ts'
import { openKeyring } from '../src/core/keyring.ts'
import { createSessionManager, type SessionManager } from '../src/core/manager.ts'
import { defaultPolicy } from '../src/core/policy.ts'
import type { Session } from '../src/core/session.ts'
import { socketRegistry } from '../src/core/sockets.ts'
import { postgresStore } from '../src/stores/postgres.ts'
import { redisStore } from '../src/stores/redis.ts'
import { postgresPrograms, startPostgres } from '../test/stores/postgres-server.ts'
import { startRedis } from '../test/stores/redis-server.ts'
import { storedSession } from './look-up.ts'
import { table } from './report.ts'

const many = Number(process.argv[2] ?? 1_000_000)
const few = 1_000

interface Server {
  readonly version: string
  open(): Promise<SessionStore>
  /** As little as a look-up can be: one key, one row of the same size. */
  bare(): Promise<unknown>
  /** Rows of sessions that nobody asks for, past the store's own door; up to so many in all. */
  fill(to: number): Promise<void>
  remove(): Promise<void>
}

async function onRedis(): Promise<Server> {
  const server = await startRedis({ appendonly: 'no', save: '' })
  const client = createClient({ url: `redis://127.0.0.1:${server.port}` })
  await client.connect()
  await client.set('bare', Buffer.alloc(700))
  const script = `
    local until_ = ARGV[3]
    for i = tonumber(ARGV[1]), tonumber(ARGV[2]) do
      local sid = string.format('filler%016d', i)
      redis.call('HSET', 'holdfast:s:' .. sid, 'id', 'id' .. sid, 'c', '1', 'g', '10000000000000', 'i', until_, 'a', until_,
        'v', '1', 'z', ARGV[4], 'k', ARGV[5])
      redis.call('SET', 'holdfast:i:id' .. sid, sid)
      redis.call('ZADD', 'holdfast:index', 0, '000' .. until_ .. ':' .. sid)
    end`
  let filled = 0
  return {
    version: `Redis ${/v=([\d.]+)/.exec(execFileSync('redis-server', ['--version'], { encoding: 'utf8' }))?.[1]}`,
    open: () => redisStore({ url: `redis://127.0.0.1:${server.port}` }),
    bare: () => client.get('bare'),
    async fill(to) {
      const { sealed, key, absoluteAt } = storedSession()
      for (; filled < to; filled += few) {
        const args = [
          `${filled + 1}`,
          `${filled + few}`,
          `${absoluteAt}`,
          Buffer.from(sealed),
          Buffer.from(key),
        ]
        await client.sendCommand(['EVAL', script, '0', ...args])
      }
    },
    async remove() {
      client.destroy()
      await server.stop()
    },
  }
}

async function onPostgres(): Promise<Server> {
  const server = await startPostgres(['synchronous_commit=on', 'fsync=on'])
  const client = new pg.Client({ connectionString: server.url('holdfast').replace(/\?.*$/, '') })
  await client.connect()
  await client.query(`CREATE TABLE bare (id text PRIMARY KEY, value bytea NOT NULL)`)
  await client.query(`INSERT INTO bare VALUES ('bare', decode(repeat('00', 700), 'hex'))`)
  let filled = 0
  return {
    version: execFileSync(join(postgresPrograms(), 'postgres'), ['--version'], { encoding: 'utf8' }).trim(),
    open: () => postgresStore({ url: server.url('holdfast') }),
    bare: () =>
      client.query({ name: 'bare', text: 'SELECT value FROM bare WHERE id = $1', values: ['bare'] }),
    async fill(to) {
      const { sealed, key, absoluteAt } = storedSession()
      await client.query(
        `INSERT INTO holdfast.sessions (sid, id, owner, begun, created_at, idle_at, absolute_at, version, sealed, key)
         SELECT md5('s' || n), md5('i' || n), NULL, 10000000000000, 1, $3, $3, 1, $4, $5 FROM generate_series($1::int, $2::int) AS n`,
        [filled + 1, to, absoluteAt, Buffer.from(sealed), Buffer.from(key)],
      )
      await client.query('VACUUM ANALYZE holdfast.sessions')
      // What was written in one go is still being written out else, beside what is measured.
      await client.query('CHECKPOINT')
      filled = to
    },
    async remove() {
      await client.end()
      await server.remove()
    },
  }
}

const anna: Identity = {
  userId: 'anna',
  authenticator: 'users-file',
  claims: { email: 'anna@example.org', roles: ['diver'] },
}

async function managerOn(store: SessionStore): Promise<SessionManager> {
  const keyring = await openKeyring(store, ['a secret for measuring, 32 bytes or more'])
  return createSessionManager({ store, keyring, policy: defaultPolicy })
}

async function signedIn(manager: SessionManager): Promise<string> {
  const device = { userAgent: 'Mozilla/5.0', address: '127.0.0.1' }
  const begun = await manager.begin()
  const issued = await manager.signIn({ identity: anna, remember: true, device, begun, replaces: null })
  if (issued === null) throw new Error('The sign-in was refused.')
  return issued.credential
}

async function loaded(manager: SessionManager, credential: string): Promise<Session> {
  const found = await manager.load(credential)
  if (found === null) throw new Error('The session is not known.')
  return found.session
}

/** Milliseconds a call: the middle one, and the one that 99 of 100 are not slower than. */
function percentiles(times: readonly number[]): readonly [string, string] {
  const sorted = times.toSorted((a, b) => a - b)
  const at = (share: number): string => (sorted[Math.floor(sorted.length * share)] ?? Number.NaN).toFixed(2)
  return [at(0.5), at(0.99)]
}

async function timed(count: number, call: (index: number) => Promise<unknown>): Promise<number[]> {
  const times: number[] = []
  for (let index = 0; index < count; index++) {
    const began = performance.now()
    await call(index)
    times.push(performance.now() - began)
  }
  return times
}

/** From the call at one replica until the other has closed what it holds. */
async function revocations(one: SessionManager, two: SessionManager, count: number): Promise<number[]> {
  const sockets = socketRegistry({ sessions: two, now: Date.now })
  const times: number[] = []
  for (let index = 0; index < count; index++) {
    const session = await loaded(two, await signedIn(one))
    const closed = new Promise<number>((resolve) => {
      sockets.hold(session, { end: () => resolve(performance.now()) }, true)
    })
    const began = performance.now()
    await one.end(session.sid)
    times.push((await closed) - began)
  }
  sockets.close()
  return times
}

async function measure(server: Server): Promise<readonly (readonly string[])[]> {
  const [first, second] = [await server.open(), await server.open()]
  const calls = { count: 0 }
  const counted = new Proxy(second, {
    get(target, name: keyof SessionStore) {
      const value = target[name]
      if (typeof value !== 'function' || name === 'isCurrent' || name === 'watch') return value
      return (...args: unknown[]) => {
        calls.count += 1
        return (value as (...all: unknown[]) => unknown).apply(target, args)
      }
    },
  })
  const [one, two] = [await managerOn(first), await managerOn(counted)]
  const rows: (readonly string[])[] = []
  await timed(20, () => signedIn(one))
  rows.push(['revoked at one → closed at the other, ms', ...percentiles(await revocations(one, two, 300))])

  const warm = await signedIn(one)
  await loaded(two, warm)
  const before = calls.count
  let missed = 0
  for (let index = 0; index < 100_000; index++) {
    if (two.peek(warm) === null) missed += 1
    // As a server takes its requests in turns; what never rests hears of no change.
    if (index % 100 === 0) await new Promise(setImmediate)
  }
  rows.push(['store calls in 100,000 warm checks', `${calls.count - before}`, `${missed} asked again`])

  await server.fill(few)
  const credentials: string[] = []
  for (let index = 0; index < 200; index++) credentials.push(await signedIn(one))
  const ids = await Promise.all(credentials.map(async (each) => (await loaded(one, each)).id))
  const look = async (): Promise<number[]> => {
    const read = (index: number): Promise<unknown> => first.read(ids[index % ids.length] ?? '')
    // Warms up what was pushed out of the server's memory meanwhile.
    await timed(500, read)
    return timed(2_000, read)
  }
  const bareName = `a bare ${first.kind === 'redis' ? 'GET' : 'SELECT by key'}`
  const bare = (): Promise<number[]> => timed(2_000, () => server.bare())
  rows.push([`${bareName}, ms`, ...percentiles(await bare())])
  const small = await look()
  rows.push([`a session looked up among ${few}, ms`, ...percentiles(small)])
  await server.fill(many)
  // What the larger server costs whoever asks it for anything.
  rows.push([`${bareName} among ${many} sessions, ms`, ...percentiles(await bare())])
  const large = await look()
  rows.push([`a session looked up among ${many}, ms`, ...percentiles(large)])
  await Promise.all([first.close(), second.close()])
  return rows
}

/** What this process keeps of a session that it knows, in bytes. */
async function memoryEach(count: number): Promise<number> {
  const { memoryStore } = await import('../src/stores/memory.ts')
  const store = memoryStore()
  const [writer, reader] = [await managerOn(store), await managerOn(store)]
  const credentials = await Promise.all(Array.from({ length: count }, () => signedIn(writer)))
  const heap = (): number => {
    globalThis.gc?.()
    return process.memoryUsage().heapUsed
  }
  const before = heap()
  for (const credential of credentials) await reader.load(credential)
  const after = heap()
  if (reader.peek(credentials[0] ?? '') === null) throw new Error('Nothing was kept.')
  return (after - before) / count
}

console.log(`${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}\n`)
for (const start of [onRedis, onPostgres]) {
  const server = await start()
  try {
    console.log(`### ${server.version}\n\n${table(['', 'p50', 'p99'], await measure(server))}\n`)
  } finally {
    await server.remove()
  }
}
if (globalThis.gc !== undefined)
  console.log(`A session that a process knows: ${Math.round(await memoryEach(20_000))} bytes of heap.`)
process.exit()
