import { resolve } from 'node:path'
import type { CredentialsAuthenticator, Identity, Json, JsonObject } from '../core/contracts.ts'
import { ConfigError } from '../core/errors.ts'
import { identityOf, passwordAuthenticator } from './password-authenticator.ts'
import { hashShape, type PasswordHasher, passwordHasher } from './password-hash.ts'
import type { UserEntry } from './user-entry.ts'
import { canonicalUserName } from './user-name.ts'
import type { UserChange } from './users-changes.ts'
import type { UsersDocument } from './users-document.ts'
import type { UsersEdit, UsersValue } from './users-edit.ts'
import { changesSince, usersMarks } from './users-marks.ts'
import { badName, type UsersOutcome, unknownUser, userExists, valueFault, weakness } from './users-outcome.ts'
import { type UsersSelfService, usersSelfService } from './users-self-service.ts'
import { usersSnapshot } from './users-snapshot.ts'
import { readUsersFile, rewriteUsersFile } from './users-storage.ts'

export interface UsersFileOptions {
  /** Hashes and checks passwords. @default passwordHasher() */
  readonly hasher?: PasswordHasher
  /** Whether a missing file counts as one without users; the first `add` makes it. @default false */
  readonly create?: boolean
  /**
   * Whether weak hashes and plain-text passwords are replaced in the file by argon2id ones. Streamlit-Authenticator
   * cannot read those: set `false` while it still uses the same file. @default true
   */
  readonly upgrade?: boolean
  /** What stands for the place, and is no password there: the app's name, its host. @default none */
  readonly words?: readonly string[]
  /** Seconds to wait for another process that is changing the file. @default 10 */
  readonly patience?: number
  /** Seconds between looks at the file where the system does not tell of changes. @default 1 */
  readonly pollEvery?: number
  /** Seconds a file that someone changed must rest before it is read, for editors that write in place. @default 0.1 */
  readonly settle?: number
}

/** What is known of a user; never a hash. */
export interface User {
  readonly userId: string
  readonly name: string | null
  readonly email: string | null
  readonly roles: readonly string[]
  readonly disabled: boolean
  /** How the password is kept; `null` if there is none. */
  readonly hash: 'argon2id' | 'bcrypt' | null
}

export interface NewUser {
  readonly password: string
  readonly name?: string
  readonly email?: string
  readonly roles?: readonly string[]
}

/** Who was taken over from another file, and who was there already and stays as they were. */
export interface UsersImport {
  readonly imported: readonly string[]
  readonly skipped: readonly string[]
}

/**
 * A YAML file of users: read whole, followed while it changes, and changed only as one locked step that keeps every
 * comment. All changes reject with `ERR_USERS_LOCKED` or `ERR_USERS_INVALID` when the file cannot be changed now; then
 * nothing was.
 */
export interface UsersFile extends UsersSelfService {
  readonly path: string
  list(): readonly User[]
  /** The identity of a user as a right password would give it; `null` for one who is unknown or disabled. */
  identity(name: string): Identity | null
  add(name: string, user: NewUser): Promise<UsersOutcome>
  remove(name: string): Promise<UsersOutcome>
  setPassword(name: string, password: string): Promise<UsersOutcome>
  setDisabled(name: string, disabled: boolean): Promise<UsersOutcome>
  setRoles(name: string, roles: readonly string[]): Promise<UsersOutcome>
  /** Adds the users of another file, this format or Streamlit-Authenticator's, with their hashes. Replaces nobody. */
  import(from: string): Promise<UsersImport>
  /** Signs people in with the users of this file. */
  authenticator(): CredentialsAuthenticator
  /** Resolves once no password that was checked before is hashed anew any more: what `resetMark` says then stays. */
  upgraded(): Promise<void>
  /** What to keep so that changes made while nobody follows the file are found by `changesSince`. Holds hashes. */
  marks(): JsonObject
  /** What has changed since those marks were taken. */
  changesSince(marks: Json): readonly UserChange[]
  /** Calls the listener when a user was removed, disabled, or given another password or other roles, by anyone. */
  onChange(listener: (change: UserChange) => void): () => void
  /** Calls the listener when the file is found broken or unreadable. The users last read keep counting. */
  onFault(listener: (fault: Error) => void): () => void
  /** Finishes the changes under way and stops following the file. */
  close(): Promise<void>
}

const authenticatorName = 'users-file'

/** Opens a users file. Throws `ERR_USERS_INVALID` that names every mistake in it with its line. */
export async function openUsersFile(file: string, options: UsersFileOptions = {}): Promise<UsersFile> {
  const { create = false, upgrade = true, words = [], patience = 10, pollEvery = 1, settle = 0.1 } = options
  const path = resolve(file)
  const hasher = options.hasher ?? passwordHasher()
  const snapshot = await usersSnapshot(path, { hasher, create, upgrade, patience, pollEvery, settle })
  const upgrades = new Map<string, { readonly stored: string; readonly hash: string }>()
  const pending = new Set<Promise<void>>()
  let gathering: Promise<void> | null = null
  let mayUpgrade = upgrade
  let writing: Promise<void> = Promise.resolve()

  // In turn within this process too, or its own writers would wait for each other at the lock file.
  function rewrite(decide: (document: UsersDocument) => readonly UsersEdit[]): Promise<void> {
    const turn = writing.then(() => rewriteUsersFile(path, patience, decide))
    writing = turn.catch(() => undefined)
    return turn.then(() => snapshot.refresh())
  }

  /** Changes one field of a user who must exist. */
  async function change(name: string, value: UsersValue, ...field: string[]): Promise<UsersOutcome> {
    const userId = canonicalUserName(name)
    let outcome: UsersOutcome = unknownUser(name)
    await rewrite((document) => {
      const entry = userId === null ? undefined : document.users.get(userId)
      if (entry === undefined) return []
      outcome = { done: true }
      return [{ path: [entry.key, ...field], value }]
    })
    return outcome
  }

  // Whoever comes first writes for all who gather meanwhile: a morning's sign-ins are few rewrites, not hundreds.
  function writeUpgrades(): Promise<void> {
    if (gathering !== null) return gathering
    const written = rewrite((document) => {
      gathering = null
      const batch = [...upgrades]
      upgrades.clear()
      return batch.flatMap(([userId, { stored, hash }]) => {
        const entry = document.users.get(userId)
        // Only in place of the hash that was checked: the password may have been changed since.
        return entry?.password === stored ? [{ path: [entry.key, 'password'], value: hash }] : []
      })
    }).finally(() => {
      if (gathering === written) gathering = null
    })
    gathering = written
    return written
  }

  async function upgradeHash(user: UserEntry, stored: string, password: string): Promise<void> {
    const hash = await hasher.upgrade(stored, password)
    if (hash === null || !mayUpgrade) return
    upgrades.set(user.userId, { stored, hash })
    await writeUpgrades()
  }

  function startUpgrade(user: UserEntry, stored: string, password: string): void {
    if (!mayUpgrade) return
    const work = upgradeHash(user, stored, password)
      .catch((fault: Error) => {
        upgrades.delete(user.userId)
        if (!(fault instanceof ConfigError)) return
        // A read-only file stays so; the hashes stay as they are until the next start.
        if (fault.cause !== undefined) mayUpgrade = false
        snapshot.report(fault)
      })
      .finally(() => pending.delete(work))
    pending.add(work)
  }

  return {
    ...usersSelfService({ hasher, words, snapshot, rewrite }),
    path,
    list: () => [...snapshot.users().values()].map(shown),
    identity(name) {
      const userId = canonicalUserName(name)
      const user = userId === null ? undefined : snapshot.users().get(userId)
      return user === undefined || user.disabled ? null : identityOf(authenticatorName, user)
    },
    async add(name, user) {
      const userId = canonicalUserName(name)
      if (userId === null) return badName(name)
      const refusal = valueFault(user) ?? weakness(user.password, { userId, words, ...user })
      if (refusal !== null) return refusal
      const password = await hasher.hash(user.password)
      let outcome: UsersOutcome = { done: true }
      await rewrite((document) => {
        if (document.users.has(userId)) outcome = userExists(name)
        else return [{ path: [userId], value: written({ ...user, password }) }]
        return []
      })
      return outcome
    },
    remove: (name) => change(name, undefined),
    async setPassword(name, password) {
      const userId = canonicalUserName(name)
      const known = userId === null ? undefined : snapshot.users().get(userId)
      const context = {
        userId: userId ?? name,
        name: known?.name ?? undefined,
        email: known?.email ?? undefined,
        words,
      }
      const refusal = weakness(password, context)
      if (refusal !== null) return refusal
      return change(name, await hasher.hash(password), 'password')
    },
    setDisabled: (name, disabled) => change(name, disabled, 'disabled'),
    async setRoles(name, roles) {
      return valueFault({ roles }) ?? change(name, [...new Set(roles)], 'roles')
    },
    async import(from) {
      const source = await readUsersFile(resolve(from))
      if (source === null)
        throw new ConfigError('ERR_USERS_INVALID', `There is no file ${from} to import from.`)
      const entries = await withHashes(source, hasher)
      let result: UsersImport = { imported: [], skipped: [] }
      await rewrite((document) => {
        const added = entries.filter(({ userId }) => !document.users.has(userId))
        const skipped = entries.filter((entry) => !added.includes(entry))
        result = { imported: added.map(idOf), skipped: skipped.map(idOf) }
        return added.map((entry) => ({ path: [entry.userId], value: written(entry) }))
      })
      return result
    },
    authenticator: () =>
      passwordAuthenticator(authenticatorName, hasher, { users: snapshot.users, upgrade: startUpgrade }),
    async upgraded() {
      await Promise.all(pending)
    },
    marks: () => usersMarks(snapshot.users()),
    changesSince: (marks) => changesSince(marks, snapshot.users()),
    onChange: snapshot.onChange,
    onFault: snapshot.onFault,
    async close() {
      await Promise.all(pending)
      await writing
      await snapshot.close()
    },
  }
}

function shown({ userId, name, email, roles, disabled, password }: UserEntry): User {
  const shape = password === null ? null : hashShape(password)
  return { userId, name, email, roles, disabled, hash: shape?.kind ?? null }
}

/** A user as the file has it; what is not known is left out. */
function written(user: {
  readonly password: string | null
  readonly name?: string | null
  readonly email?: string | null
  readonly roles?: readonly string[]
  readonly disabled?: boolean
  readonly fields?: ReadonlyMap<string, string>
}): UsersValue {
  const { password, name, email, roles = [], disabled = false, fields = new Map() } = user
  return {
    ...(password !== null && { password }),
    ...(name && { name }),
    ...(email && { email }),
    roles,
    ...(disabled && { disabled }),
    ...(fields.size > 0 && { fields: Object.fromEntries(fields) }),
  }
}

async function withHashes(source: UsersDocument, hasher: PasswordHasher): Promise<readonly UserEntry[]> {
  const entries: UserEntry[] = []
  for (const entry of source.users.values()) {
    const password = entry.plain === null ? entry.password : await hasher.hash(entry.plain)
    entries.push({ ...entry, password, plain: null })
  }
  return entries
}

function idOf({ userId }: UserEntry): string {
  return userId
}
