import { resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { SessionStore, StateChange, StoredSession } from '../core/contracts.ts'
import { StoreError } from '../core/errors.ts'
import { faultOf } from './sqlite-fault.ts'
import { type ChangeFeed, createFeed } from './sqlite-feed.ts'
import { fileIdentity, prepareFile } from './sqlite-file.ts'
import { openOutbox } from './sqlite-outbox.ts'
import { prepareReader, type Reader } from './sqlite-reader.ts'
import { createWatchers } from './watchers.ts'

/** Which file. */
export interface SqliteStoreOptions {
  /** The file; it and its folder are made if they are not there. On a local disk: WAL needs shared memory. */
  readonly path: string
  /** @default Date.now */
  readonly now?: () => number
  /** How often to look for what other processes changed, in milliseconds. @default 25 */
  readonly pollMs?: number
}

// A reader waits for a lock only while another process recovers the file after a crash; it blocks the event loop.
const readWait = 100

/** A buffer of its own: a view into a pool of Node's would take the whole pool along to the other thread. */
function ownBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes)
}

function ownSession(session: StoredSession): StoredSession {
  const { id, sid, user, begun, createdAt, idleAt, absoluteAt, version, sealed, key } = session
  const fields = { id, sid, user, begun, createdAt, idleAt, absoluteAt, version }
  return { ...fields, sealed: ownBytes(sealed), key: ownBytes(key) }
}

function ownChange(change: StateChange): StateChange {
  return change.value === null ? { ...change } : { ...change, value: ownBytes(change.value) }
}

function openForReading(path: string): DatabaseSync {
  const db = new DatabaseSync(path, { timeout: readWait })
  db.exec(
    'PRAGMA query_only = ON; PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF',
  )
  return db
}

/** A store in one file that several processes may share; what it acknowledged survives a crash and a power failure. */
export async function sqliteStore(options: SqliteStoreOptions): Promise<SessionStore> {
  const now = options.now ?? Date.now
  const path = resolve(options.path)
  const watchers = createWatchers()
  let isCurrent: () => boolean = () => false

  guard(() => prepareFile(path))
  const outbox = await openOutbox({ path, onCommit: () => isCurrent() })
  const { db, reader, feed } = await openReading()
  const identity = fileIdentity(path)
  isCurrent = feed.catchUp
  // Whoever serves open sockets hears of changes by other processes without asking.
  const poll = setInterval(feed.catchUp, options.pollMs ?? 25).unref()
  let closing: Promise<void> | undefined

  function guard<Value>(act: () => Value): Value {
    try {
      return act()
    } catch (error) {
      const { code, message } = faultOf(error, path)
      throw new StoreError(code, message, { cause: error })
    }
  }

  function read<Value>(act: () => Value): Value {
    if (closing !== undefined)
      throw new StoreError('ERR_STORE_UNAVAILABLE', `SQLite store ${path} was closed.`)
    return guard(act)
  }

  async function openReading(): Promise<{ db: DatabaseSync; reader: Reader; feed: ChangeFeed }> {
    try {
      return guard(() => {
        const db = openForReading(path)
        return { db, reader: prepareReader(db), feed: createFeed(db, watchers.deliver) }
      })
    } catch (error) {
      await outbox.stop()
      throw error
    }
  }

  async function closeAll(): Promise<void> {
    await outbox.drain()
    clearInterval(poll)
    isCurrent = () => false
    // The last connection to close tidies the file up: the thread's, not this one.
    db.close()
    await outbox.stop()
  }

  return {
    kind: 'sqlite',
    create: (session, limit) => outbox.order('create', now(), ownSession(session), limit && { ...limit }),
    read: async (id) => read(() => reader.read(id)),
    update: (id, version, sealed) => outbox.order('update', now(), id, version, ownBytes(sealed)),
    touch: (id, idleAt) => outbox.order('touch', now(), id, idleAt),
    rotate: (id, version, next, sealedToken) =>
      outbox.order('rotate', now(), id, version, ownSession(next), ownBytes(sealedToken)),

    async present(id) {
      // Nearly always it was presented before; that is final, and a read is enough to know it.
      if (!read(() => reader.isUnpresented(id))) return false
      return outbox.order('present', now(), id)
    },

    end: (sid) => outbox.order('end', now(), sid),
    mark: async (user) => read(() => reader.mark(user)),
    revoke: (epoch, at) => outbox.order('revoke', now(), epoch, at),
    listByUser: async (user) => read(() => reader.listByUser(user)),

    async *scan() {
      let next: number | null = 0
      while (next !== null) {
        const after: number = next
        const page = read(() => reader.page(after))
        yield* page.sessions
        next = page.next
        await nextTurn()
      }
    },

    sweep: (limit) => outbox.order('sweep', now(), limit),
    readState: async (scope, keys) => read(() => reader.readState(scope, keys)),
    writeState: ({ sid, name }, changes, maxBytes) =>
      outbox.order('writeState', now(), { sid, name }, changes.map(ownChange), maxBytes),
    once: (key, ttl) => outbox.order('once', now(), key, ttl),
    hit: (key, window) => outbox.order('hit', now(), key, window),
    readKeyring: async () => read(() => reader.readKeyring()),
    writeKeyring: (version, box) => outbox.order('writeKeyring', now(), version, ownBytes(box)),
    watch: (listener) => watchers.add(listener),
    isCurrent: () => isCurrent(),

    async ping() {
      read(() => reader.readKeyring())
      if (fileIdentity(path) !== identity) {
        const message = `SQLite store ${path}: the file was removed or another put in its place. Restart this process.`
        throw new StoreError('ERR_STORE_UNAVAILABLE', message)
      }
      await outbox.order('ping', now())
    },

    close() {
      closing ??= closeAll()
      return closing
    },
  }
}
