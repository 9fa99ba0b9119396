import { connect, Socket } from 'node:net'
import { Client, type ClientConfig, types } from 'pg'
import { PostgresReadOnly, PostgresSilence, PostgresUnconfirmed } from './postgres-fault.ts'

/** One connection to a server that takes writes. */
export interface PostgresConnection {
  /**
   * Rows as arrays. Rejects after `patience` milliseconds; then the connection is over. Under a `name` the server keeps the
   * statement; a name MUST always stand for the same text.
   */
  query(
    text: string,
    values: readonly unknown[],
    patience: number,
    name?: string,
  ): Promise<readonly (readonly unknown[])[]>
  /** Runs several statements in one text, which takes no values. */
  script(text: string, patience: number): Promise<void>
  readonly isUsable: boolean
  /** Called once, when the connection is over. */
  onEnd(listener: () => void): void
  /** Called for each NOTIFY of another connection. */
  onNotice(listener: (payload: string) => void): void
  /** Whether an open connection keeps the process alive. */
  hold(isHeld: boolean): void
  /** Lets go at once, without a word to a server that may not listen. */
  destroy(): void
}

export interface ConnectionSettings {
  readonly connectMs: number
  /** How long the server itself tries a statement, waiting for locks included. */
  readonly statementMs: number
}

const bytea = types.getTypeParser(types.builtins.BYTEA, 'text')
const own = new Map<number, (text: string) => unknown>([
  // Instants, versions and counts: all far below 2^53.
  [types.builtins.INT8, Number],
  // A copy: what Node's Buffer gives out may be a view into memory that others use.
  [types.builtins.BYTEA, (text) => new Uint8Array(bytea(text) as Buffer)],
])

const parsers: NonNullable<ClientConfig['types']> = {
  getTypeParser: ((oid: number, format?: 'text') =>
    own.get(oid) ?? types.getTypeParser(oid, format)) as typeof types.getTypeParser,
}

function timeLimit<Value>(work: Promise<Value>, patience: number, onLate: () => void): Promise<Value> {
  return new Promise((resolve, reject) => {
    let isSettled = false
    // After the poll phase: a process that was busy itself must first look whether the answer is there. If it is, the
    // connection may be another call's by the time this runs.
    const late = (): void => {
      if (isSettled) return
      reject(new PostgresSilence(patience))
      onLate()
    }
    const timer = setTimeout(() => setImmediate(late), patience)
    const settle = (): void => {
      isSettled = true
      clearTimeout(timer)
    }
    work.finally(settle).then(resolve, reject)
  })
}

/** What pg's Client has and its types leave out. */
interface MoreOfClient {
  readonly processID: number | null
  readonly secretKey: number | null
  ref(): void
  unref(): void
}

const cancelMs = 1_000

/** Asks the server, on a connection of its own, to end what this backend does (protocol 3.0, CancelRequest). No answer comes. */
function cancelStatement({ host, port }: Client, processID: number, secretKey: number): void {
  const request = Buffer.alloc(16)
  for (const [at, value] of [16, 80_877_102, processID, secretKey].entries())
    request.writeInt32BE(value, 4 * at)
  // A path is the folder of the server's socket.
  const to = host.startsWith('/') ? { path: `${host}/.s.PGSQL.${port}` } : { host, port }
  const socket = connect(to)
  socket.on('error', () => socket.destroy())
  socket.setTimeout(cancelMs, () => socket.destroy())
  socket.unref()
  socket.end(request)
}

/** Connects, and makes sure that the server takes writes: reading from a standby would bring ended sessions back. */
export async function connectPostgres(
  config: ClientConfig,
  { connectMs, statementMs }: ConnectionSettings,
): Promise<PostgresConnection> {
  // Ours, so that it can be cut off in every state, also while TLS or a sign-in hangs.
  const socket = new Socket()
  const client = new Client({
    ...config,
    stream: () => socket,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    fallback_application_name: 'holdfast',
    statement_timeout: statementMs,
    idle_in_transaction_session_timeout: 10_000,
    types: parsers,
  })
  const more = client as unknown as MoreOfClient
  let isUsable = true
  let warning: string | null = null
  const endings: (() => void)[] = []

  function over(): void {
    if (!isUsable) return
    isUsable = false
    socket.destroy()
    for (const listener of endings) listener()
  }

  /**
   * Without this the server goes on: a backend that waits for a standby, which `statement_timeout` does not end, would keep
   * its place among `max_connections` until the standby is back. The outcome stays unknown, as it was.
   */
  function giveUp(): void {
    const { processID, secretKey } = more
    if (isUsable && processID !== null && secretKey !== null) cancelStatement(client, processID, secretKey)
    over()
  }

  client.on('error', over)
  client.on('end', over)
  client.on('notice', ({ code, message }) => {
    // "The transaction has already committed locally, but might not have been replicated to the standby."
    if (code?.startsWith('01') || code === '57P01') warning = message ?? 'a warning'
  })

  const connection: PostgresConnection = {
    get isUsable() {
      return isUsable
    },

    async query(text, values, patience, name) {
      warning = null
      const named = name === undefined ? {} : { name }
      const work = client.query<unknown[]>({ ...named, text, values: [...values], rowMode: 'array' })
      const { rows } = await timeLimit(work, patience, giveUp)
      if (warning !== null) throw new PostgresUnconfirmed(warning)
      return rows
    },

    async script(text, patience) {
      await timeLimit(client.query(text), patience, giveUp)
    },

    onEnd(listener) {
      endings.push(listener)
    },

    onNotice(listener) {
      client.on('notification', ({ processId, payload }) => {
        if (processId !== more.processID) listener(payload ?? '')
      })
    },

    hold(isHeld) {
      if (isHeld) more.ref()
      else more.unref()
    },

    destroy: over,
  }

  try {
    await timeLimit(client.connect(), connectMs, over)
    const [row] = await connection.query(
      `SELECT pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on'`,
      [],
      connectMs,
    )
    if (row?.[0] !== false) throw new PostgresReadOnly()
    return connection
  } catch (error) {
    over()
    throw error
  }
}
