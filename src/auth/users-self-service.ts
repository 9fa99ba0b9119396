import { createHash } from 'node:crypto'
import { canonicalEmail } from './email-address.ts'
import type { PasswordHasher } from './password-hash.ts'
import type { UserEntry } from './user-entry.ts'
import { canonicalUserName } from './user-name.ts'
import type { UsersDocument } from './users-document.ts'
import type { UsersEdit, UsersValue } from './users-edit.ts'
import { badName, type UsersOutcome, unknownUser, userExists, valueFault, weakness } from './users-outcome.ts'
import { isPreauthorized } from './users-preauthorized.ts'
import type { UsersSnapshot } from './users-snapshot.ts'

/** Somebody who registers: `email` as `canonicalEmail` gives it, and proven to be theirs. */
export interface Registrant {
  readonly password: string
  readonly email: string
  readonly name?: string
  readonly roles?: readonly string[]
  readonly fields?: ReadonlyMap<string, string>
}

/** What a user may change of themselves; what is left out stays. An `email` is canonical and proven. */
export interface UserDetails {
  readonly name?: string
  readonly email?: string
  readonly fields?: ReadonlyMap<string, string>
}

/** What is known of a user by their own word. */
export interface KnownDetails {
  readonly userId: string
  readonly name: string | null
  readonly email: string | null
  readonly fields: ReadonlyMap<string, string>
}

/** What people change of a users file by themselves. Each is one locked step, decided by the file as it is then. */
export interface UsersSelfService {
  /** Whether the file lets this address register. */
  isPreauthorized(email: string): boolean
  /** Who has this address: several may, for the file is edited by hand. Nobody who is disabled. */
  byEmail(email: string): readonly KnownDetails[]
  details(name: string): KnownDetails | null
  /**
   * Adds a user, and takes the address off the list of those who may. `email-taken`: somebody has it by now. `spend` is
   * asked when nothing is left to refuse and the password is hashed; `stale`: it said no.
   */
  register(name: string, user: Registrant, spend?: Spend): Promise<UsersOutcome | 'email-taken' | 'stale'>
  /**
   * What a link that was mailed depends on: another password, another address, and the link is worth nothing. `null` for
   * who is unknown, disabled, or signs in elsewhere.
   */
  resetMark(name: string): string | null
  /** Sets a password if `resetMark` still is what it was; `stale` if not. */
  resetPassword(name: string, password: string, mark: string, spend?: Spend): Promise<UsersOutcome | 'stale'>
  setDetails(name: string, details: UserDetails): Promise<UsersOutcome | 'email-taken'>
  /** Sets an address, canonical and proven, if `resetMark` still is what it was; `stale` if not. */
  setEmail(name: string, email: string, mark: string): Promise<UsersOutcome | 'email-taken' | 'stale'>
  /** Why a password must not be set, for the person who chose it; `null` if it may. Costs no hashing. */
  passwordFault(name: string, password: string, more?: Pick<UserDetails, 'name' | 'email'>): string | null
}

/** Uses up what allows a change; `false`: it was used before. Too many passwords to hash at once must not cost a link. */
export type Spend = () => Promise<boolean>

const unspent: Spend = () => Promise.resolve(true)

interface Parts {
  readonly hasher: PasswordHasher
  readonly words: readonly string[]
  readonly snapshot: Pick<UsersSnapshot, 'users' | 'preauthorized'>
  rewrite(decide: (document: UsersDocument) => readonly UsersEdit[]): Promise<void>
}

/** The self-service of an opened users file. */
export function usersSelfService({ hasher, words, snapshot, rewrite }: Parts): UsersSelfService {
  const entryOf = (name: string): UserEntry | undefined => {
    const userId = canonicalUserName(name)
    return userId === null ? undefined : snapshot.users().get(userId)
  }

  return {
    isPreauthorized: (email) => isPreauthorized(snapshot.preauthorized(), email),
    byEmail: (email) =>
      [...snapshot.users().values()].filter((user) => !user.disabled && hasEmail(user, email)).map(known),
    details(name) {
      const entry = entryOf(name)
      return entry === undefined ? null : known(entry)
    },

    async register(name, user, spend = unspent) {
      const userId = canonicalUserName(name)
      if (userId === null) return badName(name)
      const refusal = unwritable(user) ?? weakness(user.password, { userId, words, ...user })
      if (refusal !== null) return refusal
      const password = await hasher.hash(user.password)
      if (!(await spend())) return 'stale'
      let outcome: UsersOutcome | 'email-taken' = { done: true }
      await rewrite((document) => {
        if (isTaken(document, user.email)) outcome = 'email-taken'
        else if (document.users.has(userId)) outcome = userExists(name)
        else
          return [
            { path: [userId], value: registered(user, password) },
            ...withoutEmail(document, user.email),
          ]
        return []
      })
      return outcome
    },

    resetMark(name) {
      const entry = entryOf(name)
      return entry === undefined ? null : markOf(entry)
    },

    async resetPassword(name, password, mark, spend = unspent) {
      const refusal = weakness(password, { ...contextOf(name, entryOf(name)), words })
      if (refusal !== null) return refusal
      const hash = await hasher.hash(password)
      if (!(await spend())) return 'stale'
      let outcome: UsersOutcome | 'stale' = 'stale'
      await rewrite((document) => {
        const entry = inDocument(document, name)
        if (entry === undefined || markOf(entry) !== mark) return []
        outcome = { done: true }
        return [{ path: [entry.key, 'password'], value: hash }]
      })
      return outcome
    },

    async setDetails(name, details) {
      const refusal = unwritable(details)
      if (refusal !== null) return refusal
      let outcome: UsersOutcome | 'email-taken' = unknownUser(name)
      await rewrite((document) => {
        const entry = inDocument(document, name)
        if (entry === undefined) return []
        if (details.email !== undefined && isTaken(document, details.email, entry.userId)) {
          outcome = 'email-taken'
          return []
        }
        outcome = { done: true }
        return detailEdits(document, entry, details)
      })
      return outcome
    },

    async setEmail(name, email, mark) {
      let outcome: UsersOutcome | 'email-taken' | 'stale' = 'stale'
      await rewrite((document) => {
        const entry = inDocument(document, name)
        if (entry === undefined || markOf(entry) !== mark) return []
        const isOthers = isTaken(document, email, entry.userId)
        outcome = isOthers ? 'email-taken' : { done: true }
        return isOthers ? [] : detailEdits(document, entry, { email })
      })
      return outcome
    },

    passwordFault: (name, password, more = {}) =>
      weakness(password, { ...contextOf(name, entryOf(name)), words, ...more })?.message ?? null,
  }
}

function inDocument(document: UsersDocument, name: string): UserEntry | undefined {
  const userId = canonicalUserName(name)
  return userId === null ? undefined : document.users.get(userId)
}

function hasEmail(user: UserEntry, email: string): boolean {
  return user.email !== null && canonicalEmail(user.email) === email
}

/** Disabled users keep their address: who was put out must not come back by registering anew. */
function isTaken({ users }: UsersDocument, email: string, but?: string): boolean {
  return [...users.values()].some((user) => user.userId !== but && hasEmail(user, email))
}

function known({ userId, name, email, fields }: UserEntry): KnownDetails {
  return { userId, name, email, fields }
}

function contextOf(
  name: string,
  entry: UserEntry | undefined,
): { userId: string; name?: string | undefined; email?: string | undefined } {
  return {
    userId: canonicalUserName(name) ?? name,
    name: entry?.name ?? undefined,
    email: entry?.email ?? undefined,
  }
}

// An image of the hash, for the link holds it: the hash itself is nobody's to see.
function markOf({ userId, password, email, disabled }: UserEntry): string | null {
  if (password === null || disabled) return null
  return createHash('sha256')
    .update(JSON.stringify([userId, password, email]))
    .digest('base64url')
}

function unwritable({ fields = new Map(), ...user }: Partial<Registrant>): ReturnType<typeof valueFault> {
  const { name, email, roles } = user
  const filled = [...fields.values()].filter((value) => value !== '')
  return (
    valueFault({ name, email, roles }) ??
    filled.map((value) => valueFault({ name: value })).find((fault) => fault !== null) ??
    null
  )
}

function registered({ name, email, roles = [], fields }: Registrant, password: string): UsersValue {
  const asked = fieldsValue(fields)
  return { password, ...(name && { name }), email, roles, ...(asked !== undefined && { fields: asked }) }
}

function fieldsValue(fields: ReadonlyMap<string, string> = new Map()): UsersValue {
  const filled = [...fields].filter(([, value]) => value !== '')
  return filled.length === 0 ? undefined : Object.fromEntries(filled)
}

function withoutEmail({ preauthorized }: UsersDocument, email: string): readonly UsersEdit[] {
  return preauthorized.flatMap(({ path, emails }): UsersEdit[] => {
    const rest = emails.filter((one) => canonicalEmail(one) !== email)
    return rest.length === emails.length ? [] : [{ path, value: rest, from: 'root' }]
  })
}

function detailEdits(document: UsersDocument, entry: UserEntry, details: UserDetails): readonly UsersEdit[] {
  const { key } = entry
  const edits: UsersEdit[] = []
  if (details.name !== undefined && details.name !== entry.name)
    edits.push(...nameEdits(document, key, details.name))
  if (details.email !== undefined && details.email !== entry.email)
    edits.push({ path: [key, 'email'], value: details.email })
  if (details.fields !== undefined) edits.push(...fieldEdits(entry, details.fields))
  return edits
}

/** Streamlit-Authenticator keeps a name in two halves, and so do we where it did. */
function nameEdits({ yaml, path }: UsersDocument, key: string, name: string): readonly UsersEdit[] {
  const has = (field: string): boolean => yaml.hasIn([...path, key, field])
  if (has('name') || !(has('first_name') && has('last_name'))) return [{ path: [key, 'name'], value: name }]
  const [first = '', ...rest] = name.split(' ')
  return [
    { path: [key, 'first_name'], value: first },
    { path: [key, 'last_name'], value: rest.join(' ') },
  ]
}

function fieldEdits({ key, fields }: UserEntry, asked: ReadonlyMap<string, string>): readonly UsersEdit[] {
  const changed = [...asked].filter(([name, value]) => (fields.get(name) ?? '') !== value)
  if (changed.length === 0) return []
  // Those that are not asked for any more stay.
  return [{ path: [key, 'fields'], value: fieldsValue(new Map([...fields, ...asked])) }]
}
