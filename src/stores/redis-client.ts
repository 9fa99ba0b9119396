/** A client of node-redis that is connected to one server, once: what breaks it is not mended. */
import { isIP } from 'node:net'
import { createClient, RESP_TYPES } from 'redis'
import type { Endpoint, RedisAddress } from './redis-address.ts'
import { NoAnswerError } from './redis-fault.ts'

export type RedisArgument = string | Buffer

/** As much of node-redis as is used. */
export interface RedisClient {
  connect(): Promise<unknown>
  sendCommand(args: readonly RedisArgument[]): Promise<unknown>
  subscribe(channels: string[], listener: (message: string, channel: string) => void): Promise<void>
  on(event: 'error' | 'end', listener: (error: unknown) => void): unknown
  destroy(): void
  readonly isReady: boolean
}

export const handshakeMs = 1000

function newClient({ address, at, password }: ClientOptions): RedisClient {
  const socket = {
    host: at.host,
    port: at.port,
    connectTimeout: handshakeMs,
    reconnectStrategy: false as const,
  }
  // Built anew for every other set of options it costs 60 ms of computing; a duplicate of the same costs nothing.
  const client = createClient({
    RESP: 2,
    disableOfflineQueue: true,
    disableClientInfo: true,
    maintNotifications: 'disabled',
    // Our own timer bounds each call: its one would cost an AbortSignal per command.
    commandOptions: { timeout: 0, typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } },
  }).duplicate({
    // TLS asks for names only; an address is held against the certificate all the same.
    socket: address.tls
      ? { ...socket, tls: true as const, ...(isIP(at.host) === 0 && { servername: at.host }) }
      : socket,
    ...(address.username !== null && password !== null && { username: address.username }),
    ...(password !== null && { password }),
    database: address.topology === 'cluster' ? 0 : address.database,
  })
  // Every call of it rejects by itself; an event without a listener would end the process.
  client.on('error', () => {})
  return client
}

export interface ClientOptions {
  readonly address: RedisAddress
  readonly at: Endpoint
  readonly password: string | null
}

/** Connects within `handshakeMs`, or rejects and leaves nothing open. */
export async function connect(options: ClientOptions): Promise<RedisClient> {
  const client = newClient(options)
  try {
    // A server that hangs accepts connections too: only one that answers is connected to.
    const greeted = client.connect().then(() => client.sendCommand(['PING']))
    await within(handshakeMs, greeted, 'no answer to the greeting')
    return client
  } catch (error) {
    client.destroy()
    throw error
  }
}

/** Rejects with `NoAnswerError` if the promise has not settled by then. */
export async function within<Value>(ms: number, promise: Promise<Value>, what: string): Promise<Value> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    const giveUp = (): void => reject(new NoAnswerError(`${what} within ${Math.round(ms)} ms`))
    // After the poll phase: a process that was busy itself must first look whether the answer is there.
    timer = setTimeout(() => setImmediate(giveUp), Math.max(0, ms))
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
