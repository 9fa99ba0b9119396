import { createHmac, randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { ConfigError } from '../core/errors.ts'
import { fileSignature, watchFile } from './file-watch.ts'
import type { PasswordHasher } from './password-hash.ts'
import type { UserEntry } from './user-entry.ts'
import { type UserChange, userChanges } from './users-changes.ts'
import type { UsersDocument } from './users-document.ts'
import type { PreauthorizedList } from './users-preauthorized.ts'
import { readUsersFile, rewriteUsersFile } from './users-storage.ts'

export interface UsersSnapshotOptions {
  readonly hasher: PasswordHasher
  /** Whether the file may be missing. */
  readonly create: boolean
  /** Whether plain-text passwords are replaced by their hashes in the file. */
  readonly upgrade: boolean
  /** Seconds to wait for the file's lock. */
  readonly patience: number
  /** Seconds between looks at the file. */
  readonly pollEvery: number
  /** Seconds a changed file must rest before it is read. */
  readonly settle: number
}

/** The users of a file as they are now, kept up to date. */
export interface UsersSnapshot {
  /** By `userId`; no entry has a plain-text password any more. Another map after every change, never altered. */
  users(): ReadonlyMap<string, UserEntry>
  /** Who may register, as far as the file says. */
  preauthorized(): readonly PreauthorizedList[]
  /** Reads the file now if it has changed; for after a write of our own. */
  refresh(): Promise<void>
  /** Calls the listener for every change of a known user, after `users()` shows it. */
  onChange(listener: (change: UserChange) => void): () => void
  /** Calls the listener when the file cannot be read or is broken. The users last read keep counting. */
  onFault(listener: (fault: Error) => void): () => void
  report(fault: Error): void
  close(): Promise<void>
}

const mostLooks = 50

/** Reads the users file and follows it. Throws `ERR_USERS_INVALID` if it is broken to begin with. */
export async function usersSnapshot(path: string, options: UsersSnapshotOptions): Promise<UsersSnapshot> {
  const changeListeners = new Set<(change: UserChange) => void>()
  const faultListeners = new Set<(fault: Error) => void>()
  const plain = plainHashes(options.hasher)
  let users: ReadonlyMap<string, UserEntry> = new Map()
  let preauthorized: readonly PreauthorizedList[] = []
  let seen = ''
  let closed = false
  // One reading at a time: of two that overlap, the older content might be adopted last.
  let reading: Promise<void> = Promise.resolve()
  let looking = false

  function report(fault: Error): void {
    for (const listener of faultListeners) listener(fault)
  }

  function adopt(next: ReadonlyMap<string, UserEntry>): void {
    const changes = userChanges(users, next)
    users = next
    for (const change of changes) {
      for (const listener of changeListeners) {
        try {
          listener(change)
        } catch (error) {
          // The next listener may be the one that ends the sessions.
          report(error as Error)
        }
      }
    }
  }

  async function load(): Promise<void> {
    const document = await readUsersFile(path)
    if (document !== null) {
      adopt(await withoutPlain(path, document, options, plain))
      preauthorized = document.preauthorized
    } else if (!options.create || users.size > 0) {
      throw new ConfigError('ERR_USERS_INVALID', `There is no users file ${path}.`)
    }
  }

  async function look(settle: number): Promise<void> {
    for (let looks = 0; looks < mostLooks && !closed; looks += 1) {
      const signature = await fileSignature(path)
      if (signature === seen) return
      if (settle > 0) await delay(settle)
      if ((await fileSignature(path)) !== signature) continue
      // Before reading: a change while we read is seen again next time.
      seen = signature
      return load()
    }
  }

  function inTurn(settle: number): Promise<void> {
    const turn = reading.then(() => look(settle))
    reading = turn.catch(() => undefined)
    return turn
  }

  function notice(): void {
    if (looking || closed) return
    looking = true
    // Editors that write in place leave half a file for a moment, and that may be valid YAML without half of the users.
    inTurn(options.settle * 1000)
      .catch(report)
      .finally(() => {
        looking = false
      })
  }

  await inTurn(0)
  const watch = watchFile(path, options.pollEvery, notice)
  return {
    users: () => users,
    preauthorized: () => preauthorized,
    // The write succeeded; that its result cannot be read is a fault of the file's, told like any other.
    refresh: () => inTurn(0).catch(report),
    onChange: (listener) => subscribe(changeListeners, listener),
    onFault: (listener) => subscribe(faultListeners, listener),
    report,
    async close() {
      closed = true
      watch.close()
      await reading
    },
  }
}

function subscribe<Listener>(listeners: Set<Listener>, listener: Listener): () => void {
  listeners.add(listener)
  return () => void listeners.delete(listener)
}

/** The users with every plain-text password hashed: in the file if that may be, else in memory only. */
async function withoutPlain(
  path: string,
  document: UsersDocument,
  options: UsersSnapshotOptions,
  plain: PlainHashes,
): Promise<ReadonlyMap<string, UserEntry>> {
  const hashed = await hashPlain(document, plain)
  if (hashed.size === 0) return document.users
  if (options.upgrade) {
    // A read-only file is no reason to refuse its users.
    await rewriteUsersFile(path, options.patience, (now) =>
      [...hashed].flatMap(([userId, hash]) => {
        const entry = now.users.get(userId)
        const same = entry !== undefined && entry.plain === document.users.get(userId)?.plain
        return same ? [{ path: [entry.key, 'password'], value: hash }] : []
      }),
    ).catch(() => undefined)
  }
  const now = (await readUsersFile(path)) ?? document
  const rest = await hashPlain(now, plain)
  return new Map(
    [...now.users].map(([userId, entry]) => {
      const hash = rest.get(userId)
      return [userId, hash === undefined ? entry : { ...entry, password: hash, plain: null }]
    }),
  )
}

async function hashPlain(document: UsersDocument, plain: PlainHashes): Promise<ReadonlyMap<string, string>> {
  const hashes = new Map<string, string>()
  for (const { userId, plain: password } of document.users.values()) {
    if (password !== null) hashes.set(userId, await plain(userId, password))
  }
  return hashes
}

/** The hash of a user's plain-text password; the same one as long as the password is the same. */
type PlainHashes = (userId: string, password: string) => Promise<string>

function plainHashes(hasher: PasswordHasher): PlainHashes {
  // A keyed image names the password, so that no plain text stays in memory.
  const key = randomBytes(32)
  const known = new Map<string, { readonly image: string; readonly hash: string }>()
  return async (userId, password) => {
    const image = createHmac('sha256', key).update(password).digest('base64')
    const found = known.get(userId)
    if (found?.image === image) return found.hash
    const hash = await hasher.hash(password)
    known.set(userId, { image, hash })
    return hash
  }
}
