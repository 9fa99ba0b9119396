/** The thread that makes all writes of one process, so that no fsync ever holds up a socket. */
import { DatabaseSync } from 'node:sqlite'
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { faultOf, isBusy, type SqliteFault } from './sqlite-fault.ts'
import { prepareSchema } from './sqlite-schema.ts'
import {
  monotonic,
  mustSync,
  prepareWrites,
  type WriteOrder,
  type WriteResult,
  type WriterMessage,
} from './sqlite-writes.ts'

const ordersAtOnce = 128
const lockWait = 250
const tidyPatience = 1000
// SQLite starts the log over whenever it was copied back and nobody reads in it; our reads last microseconds. Only after a
// long reader (a backup) it has to be cut to size.
const walLimit = 16 * 1024 * 1024

/** One connection for writing: how the file is used is said here. */
function openForWriting(path: string): DatabaseSync {
  const db = new DatabaseSync(path, { timeout: lockWait })
  try {
    prepareSchema(db, path)
    db.exec(`
      PRAGMA synchronous = FULL;
      PRAGMA fullfsync = ON;
      PRAGMA checkpoint_fullfsync = ON;
      PRAGMA secure_delete = ON;
      PRAGMA temp_store = MEMORY;
      PRAGMA cache_size = -16000;
      PRAGMA journal_size_limit = ${walLimit};
      PRAGMA trusted_schema = OFF;
      PRAGMA cell_size_check = ON;`)
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

/** Makes orders, several of them in one transaction where they came together. */
function createExecutor(db: DatabaseSync, path: string): (orders: readonly WriteOrder[]) => WriteResult[] {
  const writes = prepareWrites(db)
  let isSynced = true
  let hasFailed = false

  function begin(orders: readonly WriteOrder[]): void {
    const isSyncNeeded = orders.some(({ name }) => mustSync(name))
    if (isSyncNeeded !== isSynced) db.exec(`PRAGMA synchronous = ${isSyncNeeded ? 'FULL' : 'NORMAL'}`)
    isSynced = isSyncNeeded
    const deadline = Math.max(...orders.map((order) => order.deadline))
    for (;;) {
      try {
        db.exec('BEGIN IMMEDIATE')
        return
      } catch (error) {
        if (!isBusy(error) || monotonic() >= deadline) throw error
      }
    }
  }

  function make(order: WriteOrder): unknown {
    // A store that failed is not well because a transaction can begin: the disk may still be full.
    const name = order.name === 'ping' && hasFailed ? 'prove' : order.name
    return (writes[name] as (...args: readonly unknown[]) => unknown)(...order.args)
  }

  function commit(orders: readonly WriteOrder[]): WriteResult[] {
    try {
      begin(orders)
      const now = monotonic()
      const results = orders.map(
        (order): WriteResult =>
          order.deadline > now ? { number: order.number, value: make(order) } : lateResult(order, path),
      )
      db.exec('COMMIT')
      hasFailed = false
      return results
    } catch (error) {
      if (db.isTransaction) db.exec('ROLLBACK')
      hasFailed ||= !isBusy(error)
      throw error
    }
  }

  function execute(orders: readonly WriteOrder[]): WriteResult[] {
    try {
      return commit(orders)
    } catch (error) {
      const fault = faultOf(error, path)
      // One value too big for the disk must not fail those that happened to travel with it.
      if (orders.length > 1 && !isBusy(error)) return orders.flatMap((order) => execute([order]))
      return orders.map(({ number }) => ({ number, fault }))
    }
  }

  return execute
}

function lateResult({ number }: WriteOrder, path: string): WriteResult {
  const fault: SqliteFault = {
    code: 'ERR_STORE_TIMEOUT',
    message: `SQLite store ${path}: the write waited too long and was not made.`,
  }
  return { number, fault }
}

function serve(port: MessagePort, path: string): void {
  const say = (message: WriterMessage): void => port.postMessage(message)
  let db: DatabaseSync
  let execute: (orders: readonly WriteOrder[]) => WriteResult[]
  try {
    db = openForWriting(path)
    execute = createExecutor(db, path)
  } catch (error) {
    say({ kind: 'unusable', fault: faultOf(error, path) })
    port.close()
    return
  }

  function tidy(): boolean {
    const [result] = execute([{ number: -1, name: 'tidy', args: [], deadline: monotonic() + tidyPatience }])
    return result !== undefined && 'value' in result && result.value === true
  }

  // Between two batches, so that those who wait for their write come first.
  function tidySoon(): void {
    setImmediate(() => {
      if (db.isOpen && tidy()) tidySoon()
    })
  }

  port.on('message', (first: WriteOrder | 'close') => {
    const { orders, isLast } = takeOrders(port, first)
    if (orders.length > 0) say({ kind: 'done', results: execute(orders) })
    if (orders.some(({ name }) => name === 'end')) tidySoon()
    if (!isLast) return
    const until = monotonic() + tidyPatience
    while (tidy() && monotonic() < until);
    db.close()
    port.close()
  })
  say({ kind: 'ready' })
}

/** Everything that came while the last transaction was synced: it goes into the next one. */
function takeOrders(
  port: MessagePort,
  first: WriteOrder | 'close',
): { readonly orders: readonly WriteOrder[]; readonly isLast: boolean } {
  const orders: WriteOrder[] = []
  let message: WriteOrder | 'close' | undefined = first
  while (message !== undefined && message !== 'close') {
    orders.push(message)
    message = orders.length < ordersAtOnce ? receiveMessageOnPort(port)?.message : undefined
  }
  return { orders, isLast: message === 'close' }
}

if (parentPort !== null) serve(parentPort, String(workerData.path))
