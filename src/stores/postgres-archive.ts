import { setTimeout as wait } from 'node:timers/promises'
import { hasKeys, type StoreArchive, type StoreRow } from '../core/archive.ts'
import type { StateScope } from '../core/contracts.ts'
import { ConfigError, StoreError } from '../core/errors.ts'
import { postgresAddress } from './postgres-address.ts'
import type { Rows } from './postgres-calls.ts'
import type { PostgresConnection } from './postgres-connection.ts'
import { faultOf, storeErrorOf } from './postgres-fault.ts'
import { postgresHosts } from './postgres-hosts.ts'
import { prepareSchema } from './postgres-migration.ts'
import { bytesOf, ownerOf, sessionOf } from './postgres-sessions.ts'
import { patienceMs } from './replica-lease.ts'

const patience = 60_000
const pageSize = 100

/** The tables in the order in which they are read, each by its key. */
const tables = [
  { table: 'epochs', columns: 'owner, before, coalesce(revoked_at, before)', key: ['owner'] },
  { table: 'retired', columns: 'id, sid, absolute_at, next, sealed_token, presented_at', key: ['id'] },
  {
    table: 'sessions',
    columns:
      'sid, id, owner, coalesce(begun, created_at), created_at, idle_at, absolute_at, version, sealed, key',
    key: ['sid'],
  },
  { table: 'scopes', columns: 'owner, name, floor', key: ['owner', 'name'] },
  { table: 'entries', columns: 'owner, name, key, version, value', key: ['owner', 'name', 'key'] },
  { table: 'onces', columns: 'key, until', key: ['key'] },
  { table: 'hits', columns: 'key, until, count', key: ['key'] },
] as const

/** Opens a schema that no gateway uses, to move what is in it; makes it if it is not there. */
export async function postgresArchive(url: string): Promise<StoreArchive> {
  const address = postgresAddress(url)
  const { name, schema } = address
  const connection = await guard(openAlone)

  async function guard<Value>(work: () => Promise<Value>): Promise<Value> {
    try {
      return await work()
    } catch (error) {
      if (error instanceof ConfigError || error instanceof StoreError) throw error
      throw storeErrorOf(name, faultOf(error), error)
    }
  }

  async function openAlone(): Promise<PostgresConnection> {
    const opened = await postgresHosts(address.hosts).connect({ connectMs: 5000, statementMs: patience })
    try {
      await prepareSchema(opened, address)
      // Whoever lives beats within a lease; rows of those who were killed stand still.
      const look = (): Promise<Rows> =>
        opened.query(`SELECT replica::text, beats FROM "${schema}".replicas ORDER BY 1`, [], patience)
      const before = await look()
      if (before.length > 0) await wait(patienceMs)
      const isUsed = JSON.stringify(before.length > 0 ? await look() : before) !== JSON.stringify(before)
      if (!isUsed) return opened
      const message = `A gateway uses the Postgres store ${name}. Stop it first: what ended meanwhile would come back.`
      throw new ConfigError('ERR_CONFIG_INVALID', message)
    } catch (error) {
      opened.destroy()
      throw error
    }
  }

  function ask(text: string, values: readonly unknown[] = []): Promise<Rows> {
    return guard(() => connection.query(text, values, patience))
  }

  async function* pages({ table, columns, key }: (typeof tables)[number]): AsyncGenerator<StoreRow> {
    const list = key.join(', ')
    const after = `WHERE (${list}) > (${key.map((_, index) => `$${index + 1}`).join(', ')})`
    for (let last: readonly unknown[] | null = null; ; ) {
      const from = `FROM "${schema}".${table} ${last === null ? '' : after}`
      const rows: Rows = await ask(`SELECT ${columns} ${from} ORDER BY ${list} LIMIT ${pageSize}`, last ?? [])
      for (const row of rows) yield rowOf(table, row)
      if (rows.length < pageSize) return
      last = rows.at(-1)?.slice(0, key.length) ?? []
    }
  }

  async function* read(): AsyncGenerator<StoreRow> {
    const ofAll = `SELECT before, coalesce(revoked_at, before) FROM "${schema}".epoch_of_all WHERE before > 0`
    for (const [before, at] of await ask(ofAll)) {
      yield { kind: 'epoch', epoch: 'all', before: Number(before), at: Number(at) }
    }
    for (const table of tables) yield* pages(table)
    for (const [version, box] of await ask(`SELECT version, box FROM "${schema}".keyring`)) {
      yield { kind: 'keyring', version: Number(version), box: box as Uint8Array }
    }
  }

  async function keep(row: StoreRow): Promise<void> {
    const [text, values] = insertion(`"${schema}"`, row)
    await connection.query(text, values, patience)
  }

  /** All of it or nothing. */
  function atOnce(act: () => Promise<void>): Promise<void> {
    return guard(async () => {
      await connection.query('BEGIN', [], patience)
      try {
        await act()
        await connection.query('SET LOCAL synchronous_commit = on', [], patience)
        await connection.query('COMMIT', [], patience)
      } catch (error) {
        if (connection.isUsable) await connection.query('ROLLBACK', [], patience)
        throw error
      }
    })
  }

  return {
    rows: read,

    take: (rows) =>
      atOnce(async () => {
        for (const row of rows) await keep(row)
        // The next revocation comes after everything that was taken over.
        const raise = `UPDATE "${schema}".epoch_of_all SET newest = greatest(newest, $1)`
        await connection.query(raise, [Math.max(0, ...rows.map(numberOf))], patience)
      }),

    clear: () =>
      atOnce(async () => {
        // The race: a gateway that starts now writes its root key first, and waits here.
        await connection.query(`LOCK TABLE "${schema}".keyring IN EXCLUSIVE MODE`, [], patience)
        const keyring = await connection.query(`SELECT 1 FROM "${schema}".keyring`, [], patience)
        if (keyring.length > 0) throw new ConfigError('ERR_CONFIG_INVALID', hasKeys)
        for (const table of [...tables.map(({ table }) => table), 'leftovers']) {
          await connection.query(`TRUNCATE "${schema}".${table}`, [], patience)
        }
        // The number of the newest revocation stays: it only has to be higher than every other.
        const none = `UPDATE "${schema}".epoch_of_all SET before = 0, revoked_at = NULL, swept_to = NULL`
        await connection.query(none, [], patience)
      }),

    async retire() {
      const to = `${schema}_moved`
      await guard(() => connection.query(`ALTER SCHEMA "${schema}" RENAME TO "${to}"`, [], patience))
      return `schema ${to}`
    },

    async close() {
      connection.destroy()
    },
  }
}

function numberOf(row: StoreRow): number {
  if (row.kind === 'epoch') return row.before
  return row.kind === 'session' ? row.session.begun : 0
}

function scopeOf(owner: unknown, name: unknown): StateScope {
  const text = String(owner)
  return { sid: text.startsWith('sid:') ? text.slice('sid:'.length) : null, name: String(name) }
}

function rowOf(table: (typeof tables)[number]['table'], row: readonly unknown[]): StoreRow {
  switch (table) {
    case 'epochs':
      return { kind: 'epoch', epoch: { user: String(row[0]) }, before: Number(row[1]), at: Number(row[2]) }
    case 'retired': {
      const [id, sid, absoluteAt, next, token, presented] = row
      const presentedAt = presented === null ? null : Number(presented)
      const succession =
        next === null ? null : { id: String(next), sealedToken: token as Uint8Array, presentedAt }
      return {
        kind: table,
        id: String(id),
        sid: String(sid),
        absoluteAt: Number(absoluteAt),
        next: succession,
      }
    }
    case 'sessions': {
      const [sid, id, ...rest] = row
      return { kind: 'session', session: sessionOf([id, sid, ...rest]) }
    }
    case 'scopes':
      return { kind: 'scope', scope: scopeOf(row[0], row[1]), floor: Number(row[2]) }
    case 'entries': {
      const entry = { version: Number(row[3]), value: row[4] as Uint8Array }
      return { kind: 'entry', scope: scopeOf(row[0], row[1]), key: String(row[2]), entry }
    }
    case 'onces':
      return { kind: 'once', key: String(row[0]), until: Number(row[1]) }
    case 'hits':
      return { kind: 'hits', key: String(row[0]), until: Number(row[1]), count: Number(row[2]) }
  }
}

function insertion(s: string, row: StoreRow): readonly [text: string, values: readonly unknown[]] {
  const into = (columns: string, ...values: unknown[]): readonly [string, readonly unknown[]] => [
    `INSERT INTO ${s}.${columns} VALUES (${values.map((_, index) => `$${index + 1}`).join(', ')}) ON CONFLICT DO NOTHING`,
    values,
  ]
  switch (row.kind) {
    case 'epoch':
      if (row.epoch !== 'all')
        return into('epochs (owner, before, revoked_at)', row.epoch.user, row.before, row.at)
      return [
        `UPDATE ${s}.epoch_of_all SET before = $1, revoked_at = $2, swept_to = '' WHERE before < $1`,
        [row.before, row.at],
      ]
    case 'retired':
      return into(
        'retired (id, sid, absolute_at, next, sealed_token, presented_at)',
        ...[row.id, row.sid, row.absoluteAt, row.next?.id ?? null],
        ...[row.next === null ? null : bytesOf(row.next.sealedToken), row.next?.presentedAt ?? null],
      )
    case 'session': {
      const { id, sid, user, begun, createdAt, idleAt, absoluteAt, version, key, sealed } = row.session
      return into(
        'sessions (id, sid, owner, begun, created_at, idle_at, absolute_at, version, key, sealed)',
        ...[id, sid, user, begun, createdAt, idleAt, absoluteAt, version, bytesOf(key), bytesOf(sealed)],
      )
    }
    case 'scope':
      return into('scopes (owner, name, floor)', ownerOf(row.scope.sid), row.scope.name, row.floor)
    case 'entry': {
      const { version, value } = row.entry
      const columns = 'entries (owner, name, key, version, value)'
      return into(columns, ownerOf(row.scope.sid), row.scope.name, row.key, version, bytesOf(value))
    }
    case 'once':
      return into('onces (key, until)', row.key, row.until)
    case 'hits':
      return into('hits (key, until, count)', row.key, row.until, row.count)
    case 'keyring':
      return into('keyring (lone, version, box)', true, row.version, bytesOf(row.box))
  }
}
