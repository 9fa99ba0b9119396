import { StoreError } from '../core/errors.ts'
import type { PostgresConnection } from './postgres-connection.ts'
import { faultOf, type PostgresFault, storeErrorOf } from './postgres-fault.ts'

/** A bounded number of connections, and a bounded queue of those who wait for one. */
export interface PostgresPool {
  /** Lends a connection. Rejects with `StoreError` if there is none at `deadline` (of `performance.now`). */
  lend(deadline: number): Promise<PostgresConnection>
  /** Takes it back. `isSilent`: it did not answer in time, so the idle ones cannot be trusted either. */
  giveBack(connection: PostgresConnection, isSilent?: boolean): void
  close(): void
}

export interface PoolOptions {
  readonly name: string
  readonly size: number
  connect(): Promise<PostgresConnection>
}

interface Waiter {
  readonly timer: NodeJS.Timeout
  resolve(connection: PostgresConnection): void
  reject(error: StoreError): void
}

const mostWaiting = 1000
const firstPause = 25
const longestPause = 500

export function postgresPool({ name, size, connect }: PoolOptions): PostgresPool {
  const idle: PostgresConnection[] = []
  const open = new Set<PostgresConnection>()
  const waiters = new Set<Waiter>()
  let opening = 0
  let pause = firstPause
  let retry: NodeJS.Timeout | null = null
  let lastFault: PostgresFault | null = null
  let isClosed = false

  function settle(waiter: Waiter): void {
    waiters.delete(waiter)
    clearTimeout(waiter.timer)
  }

  function hand(connection: PostgresConnection): void {
    const [waiter] = waiters
    if (waiter === undefined) {
      connection.hold(false)
      idle.push(connection)
      return
    }
    settle(waiter)
    connection.hold(true)
    waiter.resolve(connection)
  }

  function forget(connection: PostgresConnection): void {
    open.delete(connection)
    const place = idle.indexOf(connection)
    if (place >= 0) idle.splice(place, 1)
    grow()
  }

  async function openOne(): Promise<void> {
    opening += 1
    try {
      const connection = await connect()
      pause = firstPause
      lastFault = null
      if (isClosed) return connection.destroy()
      open.add(connection)
      connection.onEnd(() => forget(connection))
      hand(connection)
    } catch (error) {
      lastFault = faultOf(error)
      waitToRetry()
    } finally {
      opening -= 1
      grow()
    }
  }

  function waitToRetry(): void {
    if (retry !== null) return
    // Jitter, so that many processes do not come back at the same moment.
    const onRetry = (): void => {
      retry = null
      grow()
    }
    retry = setTimeout(onRetry, pause * (0.5 + Math.random())).unref()
    pause = Math.min(pause * 2, longestPause)
  }

  function grow(): void {
    if (isClosed || retry !== null) return
    while (waiters.size > opening && open.size + opening < size) void openOne()
  }

  function refusal(): StoreError {
    if (lastFault !== null) return storeErrorOf(name, lastFault)
    const message = `Postgres store ${name}: no connection was free in time; ${open.size} are in use. Try again later.`
    return new StoreError('ERR_STORE_TIMEOUT', message)
  }

  return {
    async lend(deadline) {
      if (isClosed) throw new StoreError('ERR_STORE_UNAVAILABLE', `Postgres store ${name} was closed.`)
      const connection = idle.pop()
      if (connection !== undefined) {
        connection.hold(true)
        return connection
      }
      if (waiters.size >= mostWaiting) {
        const message = `Postgres store ${name}: ${mostWaiting} calls are waiting already. Try again later.`
        throw new StoreError('ERR_STORE_UNAVAILABLE', message)
      }
      return new Promise((resolve, reject) => {
        const onLate = (): void => {
          settle(waiter)
          reject(refusal())
        }
        const timer = setTimeout(onLate, Math.max(0, deadline - performance.now()))
        const waiter: Waiter = { timer, resolve, reject }
        waiters.add(waiter)
        grow()
      })
    },

    giveBack(connection, isSilent = false) {
      if (isSilent) for (const other of [...idle]) other.destroy()
      if (isClosed) connection.destroy()
      else if (connection.isUsable) hand(connection)
    },

    close() {
      isClosed = true
      if (retry !== null) clearTimeout(retry)
      for (const waiter of [...waiters]) {
        settle(waiter)
        waiter.reject(new StoreError('ERR_STORE_UNAVAILABLE', `Postgres store ${name} was closed.`))
      }
      for (const connection of [...open]) connection.destroy()
    },
  }
}
