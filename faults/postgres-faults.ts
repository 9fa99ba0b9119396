/** What a PostgreSQL does to those who use it while it runs and answers. */
import { setTimeout as wait } from 'node:timers/promises'
import { Client } from 'pg'
import type { PostgresServer } from '../test/stores/postgres-server.ts'
import type { Backend } from './backend.ts'

/** The faults of `server`, which keeps the store in the schema `holdfast`. */
export function postgresFaults(server: PostgresServer): Backend['switched'] {
  let held: Client[] = []

  async function connected(): Promise<Client> {
    const client = new Client({ connectionString: server.url('holdfast') })
    client.on('error', () => {})
    await client.connect()
    return client
  }

  async function letGo(): Promise<void> {
    const clients = held
    held = []
    await Promise.all(clients.map((client) => client.end()))
  }

  /** As when something was migrated or exported beside it, and took its time. */
  async function lockTables(isOn: boolean): Promise<void> {
    if (!isOn) return letGo()
    const client = await connected()
    held.push(client)
    await client.query('BEGIN; LOCK TABLE holdfast.sessions, holdfast.entries IN ACCESS EXCLUSIVE MODE')
  }

  /** As when another program leaks connections: none is left for whoever lost theirs, and all lose theirs. */
  async function takeConnections(isOn: boolean): Promise<void> {
    if (!isOn) return letGo()
    const ender = await connected()
    held.push(ender)
    // Whoever comes back between two rounds has theirs ended in the next.
    for (let round = 0; round < 5; round++) {
      const own = held.map((client) => (client as Client & { readonly processID: number }).processID)
      await ender.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE backend_type = 'client backend' AND NOT pid = ANY ($1)`,
        [own],
      )
      for (;;) {
        const one = await connected().catch(() => null)
        if (one === null) break
        held.push(one)
      }
      await wait(20)
    }
  }

  /** As when another program takes the same locks in another order: whoever of ours meets it is the one to give way. */
  async function deadlock(isOn: boolean): Promise<void> {
    if (!isOn) {
      await letGo()
      return server.set('deadlock_timeout', null)
    }
    await server.set('deadlock_timeout', '10ms')
    const client = await connected()
    held.push(client)
    // The server takes back whoever looks first, and this one does not look.
    await client.query("SET deadlock_timeout = '1min'")
    void crossLocks(client).catch(() => {})
  }

  /** Until the connection ends: holds what functions of ours take last, then asks for what they take first. */
  async function crossLocks(client: Client): Promise<never> {
    for (;;) {
      await client.query(`BEGIN;
        SELECT FROM holdfast.scopes FOR UPDATE; SELECT FROM holdfast.epochs FOR UPDATE; SELECT pg_sleep(0.03);
        SELECT FROM holdfast.sessions FOR UPDATE; SELECT FROM holdfast.epoch_of_all FOR UPDATE; COMMIT`)
      await wait(10)
    }
  }

  return [
    // As a standby does, or a full disk.
    { kind: 'refuse writes', set: (isOn) => server.set('default_transaction_read_only', isOn ? 'on' : null) },
    { kind: 'lock tables', set: lockTables },
    { kind: 'take connections', set: takeConnections },
    { kind: 'deadlock', set: deadlock },
  ]
}
