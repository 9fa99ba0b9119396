import { ConfigError, StoreError } from '../core/errors.ts'
import { type PostgresAddress, postgresAddress } from './postgres-address.ts'
import type { PostgresConnection } from './postgres-connection.ts'
import { faultOf, storeErrorOf } from './postgres-fault.ts'
import { postgresHosts } from './postgres-hosts.ts'
import { prepareSchema } from './postgres-migration.ts'

/** What `holdfast check` tells about a Postgres store. */
export interface PostgresExamination {
  /** What keeps the store from working at all. */
  readonly faults: readonly string[]
  /** What keeps it from holding all its promises. */
  readonly warnings: readonly string[]
}

const patience = 5000
/** Deadlines are set by the clock of the process and swept by that of the server. */
const mostSkewMs = 30_000

/** What in the server's settings breaks a promise, in plain sentences. */
export async function examineSettings(
  connection: PostgresConnection,
  { name, isUnproven }: PostgresAddress,
): Promise<readonly string[]> {
  const sentAt = Date.now()
  const [row = []] = await connection.query(
    `SELECT current_setting('fsync'), current_setting('full_page_writes'), current_setting('synchronous_commit'),
       current_setting('synchronous_standby_names'),
       (SELECT count(*)::int FROM pg_stat_replication AS r WHERE r.application_name <> 'pg_basebackup'),
       (extract(epoch FROM clock_timestamp()) * 1000)::float8, current_setting('max_connections')::int`,
    [],
    patience,
  )
  const [fsync, fullPages, commit, standbyNames, standbys, serverAt] = row
  const skew = Math.round(Number(serverAt) - (sentAt + Date.now()) / 2)
  const found: string[] = []
  const warn = (text: string): void => void found.push(`Postgres store ${name}: ${text}`)
  if (fsync === 'off') {
    warn(
      'fsync is off: when its machine crashes, sign-outs that were acknowledged may come undone. Turn it on.',
    )
  }
  if (fullPages === 'off') {
    warn('full_page_writes is off: when its machine crashes, the data may be damaged. Turn it on.')
  }
  if (commit === 'off') {
    warn('synchronous_commit is off; Holdfast turns it on for each of its own writes that must last.')
  }
  if (Number(standbys) > 0 && (standbyNames === '' || commit === 'off' || commit === 'local')) {
    warn(
      `no write waits for its ${standbys} standby(s): a failover may bring back sessions that were signed out. Set ` +
        "synchronous_standby_names (such as 'ANY 1 (*)') and synchronous_commit = on.",
    )
  }
  if (Math.abs(skew) > mostSkewMs) {
    const direction = skew > 0 ? 'ahead of' : 'behind'
    warn(
      `its clock is ${Math.round(Math.abs(skew) / 1000)} s ${direction} ours. Have both machines keep time (NTP).`,
    )
  }
  if (isUnproven) {
    warn(
      'the connection does not prove who answers: whoever sits on the network could do it in its place. Add ?sslmode=verify-full.',
    )
  }
  return found
}

/** Looks whether a store could be opened there, makes its tables if they are missing, and says what is wrong. */
export async function examinePostgres(url: string): Promise<PostgresExamination> {
  let connection: PostgresConnection | null = null
  try {
    const address = postgresAddress(url)
    try {
      connection = await postgresHosts(address.hosts).connect({ connectMs: patience, statementMs: 20_000 })
      await prepareSchema(connection, address)
      return { faults: [], warnings: await examineSettings(connection, address) }
    } catch (error) {
      if (error instanceof ConfigError || error instanceof StoreError) throw error
      throw storeErrorOf(address.name, faultOf(error), error)
    }
  } catch (error) {
    return { faults: [error instanceof Error ? error.message : 'unknown error'], warnings: [] }
  } finally {
    connection?.destroy()
  }
}
