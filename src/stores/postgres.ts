import { setTimeout as wait } from 'node:timers/promises'
import type { Creation, SessionStore, StateChange, StateWrite } from '../core/contracts.ts'
import { ConfigError, StoreError } from '../core/errors.ts'
import type { SessionLimit } from '../core/session-limit.ts'
import { postgresAddress } from './postgres-address.ts'
import { attemptMs, callMs, postgresCalls, type Rows } from './postgres-calls.ts'
import type { PostgresConnection } from './postgres-connection.ts'
import { examineSettings } from './postgres-examination.ts'
import { faultOf, storeErrorOf } from './postgres-fault.ts'
import { createPostgresFeed } from './postgres-feed.ts'
import { postgresHosts } from './postgres-hosts.ts'
import { prepareSchema } from './postgres-migration.ts'
import { postgresPool } from './postgres-pool.ts'
import { bytesOf, foundOf, ownerOf, sessionOf } from './postgres-sessions.ts'
import { createTurns } from './postgres-turns.ts'
import { createWatchers } from './watchers.ts'

/** Which Postgres. */
export interface PostgresStoreOptions {
  /** `postgres://user:password@host:5432/database`; several hosts of one cluster with commas between them. */
  readonly url: string
  /** The schema that is ours. It is made if it is not there. @default that of `?schema=`, else `holdfast` */
  readonly schema?: string
  /** The most connections for calls; one more follows the changes. @default 10 */
  readonly connections?: number
  /** How long a call may take in all, in milliseconds. @default 1000 */
  readonly patienceMs?: number
  /** For tests. @default the server's clock */
  readonly now?: () => number
}

/** A store that several processes on several machines may share, and what its administrator should know. */
export interface PostgresStore extends SessionStore {
  /** What keeps it from holding all its promises, in plain sentences; empty if nothing does. */
  readonly warnings: readonly string[]
}

const pageSize = 200
const sweptAtOnce = 250
const openPatience = 3000

/**
 * A store in a PostgreSQL database, 13 or newer. Rejects with `ConfigError` where a person must put something right, with
 * `StoreError` where the server cannot be reached.
 */
export async function postgresStore(options: PostgresStoreOptions): Promise<PostgresStore> {
  const address = postgresAddress(options.url, options.schema)
  const { name, schema } = address
  const patience = options.patienceMs ?? callMs
  const hosts = postgresHosts(address.hosts)
  const connect = (): Promise<PostgresConnection> =>
    hosts.connect({ connectMs: attemptMs, statementMs: attemptMs })
  const warnings = await patiently(prepare)
  const watchers = createWatchers()
  const pool = postgresPool({ name, size: options.connections ?? 10, connect })
  const calls = postgresCalls(name, pool)
  const feed = createPostgresFeed({ name, schema, connect, deliver: watchers.deliver })
  const turns = createTurns()
  const underWay = new Set<Promise<unknown>>()
  let closing: Promise<void> | undefined
  await patiently(() => feed.start())

  async function prepare(): Promise<readonly string[]> {
    const connection = await hosts.connect({ connectMs: openPatience, statementMs: 20_000 })
    try {
      await prepareSchema(connection, address)
      return await examineSettings(connection, address)
    } finally {
      connection.destroy()
    }
  }

  /** Opening may take longer than a call: a server that is just starting, or a machine that starts many processes. */
  async function patiently<Value>(work: () => Promise<Value>): Promise<Value> {
    for (const until = performance.now() + openPatience; ; ) {
      try {
        return await work()
      } catch (error) {
        if (error instanceof ConfigError || error instanceof StoreError) throw error
        const fault = faultOf(error)
        if (!fault.isPassing || performance.now() > until) throw storeErrorOf(name, fault, error)
        await wait(50)
      }
    }
  }

  const now = (): number | null => options.now?.() ?? null

  function text(name: string, values: readonly unknown[]): string {
    return `SELECT * FROM "${schema}".${name}(${values.map((_, index) => `$${index + 1}`).join(', ')})`
  }

  function open(): void {
    if (closing !== undefined)
      throw new StoreError('ERR_STORE_UNAVAILABLE', `Postgres store ${name} was closed.`)
  }

  /** Counts a call as under way until it is settled, so that `close` can wait for it. */
  function track<Value>(work: Promise<Value>): Promise<Value> {
    underWay.add(work)
    const done = (): void => void underWay.delete(work)
    work.then(done, done)
    return work
  }

  async function read(name: string, ...values: readonly unknown[]): Promise<Rows> {
    open()
    return track(calls.read(text(name, values), values, performance.now() + patience))
  }

  async function write(name: string, ...values: readonly unknown[]): Promise<unknown> {
    open()
    const [row] = await track(calls.write(text(name, values), values, performance.now() + patience))
    return row?.[0]
  }

  /**
   * Makes a write that others may have cached otherwise, and resolves once nobody trusts that any more: also where nothing
   * was changed if `always`, for the change may be that of another call that has not been acknowledged yet.
   */
  async function tell(name: string, values: readonly unknown[], always = false): Promise<boolean> {
    open()
    const deadline = performance.now() + patience
    const told = calls.write(text(name, values), values, deadline).then(async ([row]) => {
      const isChanged = row?.[0] === true
      if (isChanged || always) await feed.acknowledged(deadline)
      return isChanged
    })
    return track(told)
  }

  async function tellState(scope: string, values: readonly unknown[]): Promise<StateWrite> {
    open()
    const deadline = performance.now() + patience
    const write = (): Promise<Rows> => calls.write(text('write_state', values), values, deadline)
    const told = turns.take(scope, write).then(async ([row]) => {
      const outcome = stateWriteOf(row ?? [])
      if (outcome.outcome === 'written' && outcome.versions.size > 0) await feed.acknowledged(deadline)
      return outcome
    })
    return track(told)
  }

  function createLimited(
    user: string,
    fields: readonly unknown[],
    { most, whenFull, replacing }: SessionLimit,
  ): Promise<Creation> {
    open()
    const deadline = performance.now() + patience
    const values = [...fields, most, whenFull === 'refuse', replacing ?? null, now()]
    const create = (): Promise<Rows> => calls.write(text('create_limited_session', values), values, deadline)
    const told = turns.take(`user ${user}`, create).then(async ([row]) => {
      if (row?.[1] === true) await feed.acknowledged(deadline)
      return row?.[0] as Creation
    })
    return track(told)
  }

  async function closeAll(): Promise<void> {
    await Promise.allSettled(underWay)
    await feed.close()
    pool.close()
  }

  return {
    kind: 'postgres',
    warnings,

    create: async ({ id, sid, user, begun, createdAt, idleAt, absoluteAt, version, sealed, key }, limit) => {
      const times = [begun, createdAt, idleAt, absoluteAt]
      const fields = [id, sid, user, ...times, version, bytesOf(sealed), bytesOf(key)]
      if (limit !== undefined && user !== null) return createLimited(user, fields, limit)
      return (await write('create_session', ...fields)) as Creation
    },

    // No text in Postgres holds a NUL, so there is nothing under such an id.
    read: async (id) => foundOf(id.includes('\0') ? undefined : (await read('find_session', id))[0]),
    update: (id, version, sealed) => tell('update_session', [id, version, bytesOf(sealed)]),
    touch: async (id, idleAt) => (await write('touch_session', id, idleAt)) === true,

    rotate: (id, version, next, sealedToken) =>
      tell('rotate_session', [
        ...[id, version, next.id, next.sid, next.user, next.createdAt, next.idleAt, next.absoluteAt],
        ...[next.version, bytesOf(next.sealed), bytesOf(next.key), bytesOf(sealedToken)],
      ]),

    present: async (id) => (await write('present_session', id, now())) === true,
    end: (sid) => tell('end_session', [sid], true),

    async mark(user) {
      const [row] = await read('mark', user)
      return { number: Number(row?.[0]), revokedAt: Number(row?.[1]) }
    },

    async revoke(epoch, at) {
      await tell('revoke', [epoch === 'all' ? null : epoch.user, at], true)
    },

    listByUser: async (user) => (await read('sessions_of', user)).map(sessionOf),

    async *scan() {
      for (let after = ''; ; ) {
        const rows: Rows = await read('sessions_after', after, pageSize)
        yield* rows.filter((row) => row[10] === true).map(sessionOf)
        if (rows.length < pageSize) return
        after = String(rows.at(-1)?.[1])
      }
    },

    async sweep(limit) {
      // Several short transactions rather than a long one: nobody waits long for a row, and a slow disk gets through too.
      const until = performance.now() + patience / 2
      let removed = 0
      for (let count = -1; count !== 0 && removed < limit && performance.now() < until; removed += count) {
        const portion = Math.min(limit - removed, sweptAtOnce)
        count = Number(await write('sweep_until', portion, now(), now() ?? Date.now()))
      }
      return removed
    },

    async readState({ sid, name }, keys) {
      const rows = await read('read_state', sid, ownerOf(sid), name, keys ?? null)
      return new Map(
        rows.map(([key, version, value]) => [
          String(key),
          { value: value as Uint8Array, version: Number(version) },
        ]),
      )
    },

    async writeState({ sid, name }, changes, maxBytes) {
      const values = [
        ...[sid, ownerOf(sid), name, changes.map(({ key }) => key)],
        ...[changes.map(({ value }) => (value === null ? null : bytesOf(value))), changes.map(condition)],
        maxBytes ?? null,
      ]
      return tellState(`${sid ?? ''} ${name}`, values)
    },

    once: async (key, ttl) => (await write('take_once', key, ttl, now())) === true,
    hit: async (key, window) => Number(await write('count_hit', key, window, now())),

    async readKeyring() {
      const [row] = await read('read_keyring')
      return row === undefined ? null : { version: Number(row[0]), box: row[1] as Uint8Array }
    },

    writeKeyring: async (version, box) => (await write('write_keyring', version, bytesOf(box))) === true,
    watch: (listener) => watchers.add(listener),
    isCurrent: () => closing === undefined && feed.isCurrent(),

    async ping() {
      await write('prove')
    },

    close() {
      closing ??= closeAll()
      return closing
    },
  }
}

/** A condition as `write_state` takes it: -1 for none, 0 for "absent". */
function condition({ ifVersion }: StateChange): number {
  return ifVersion === undefined ? -1 : (ifVersion ?? 0)
}

function stateWriteOf([outcome, keys, versions, bytes]: readonly unknown[]): StateWrite {
  const names = (keys ?? []) as readonly string[]
  switch (outcome) {
    case 'written':
      return {
        outcome,
        versions: new Map(names.map((key, index) => [key, Number((versions as readonly unknown[])[index])])),
      }
    case 'conflict':
      return { outcome, keys: names }
    case 'full':
      return { outcome, bytes: Number(bytes) }
    default:
      return { outcome: 'gone' }
  }
}
