import type { ClientConfig } from 'pg'
import { type ConnectionSettings, connectPostgres, type PostgresConnection } from './postgres-connection.ts'

/** The servers of one cluster, of which one takes writes. */
export interface PostgresHosts {
  /** Connects to the one that last took writes, or to the next if that fails. Rejects with what the last one said. */
  connect(settings: ConnectionSettings): Promise<PostgresConnection>
}

export function postgresHosts(hosts: readonly ClientConfig[]): PostgresHosts {
  let current = 0
  return {
    async connect(settings) {
      const first = current
      for (let offset = 0; ; offset++) {
        const number = (first + offset) % hosts.length
        try {
          const connection = await connectPostgres(hosts[number] ?? {}, settings)
          current = number
          return connection
        } catch (error) {
          if (offset + 1 >= hosts.length) throw error
        }
      }
    },
  }
}
