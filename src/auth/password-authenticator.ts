import type { CredentialsAuthenticator, Identity, JsonObject } from '../core/contracts.ts'
import { type HashShape, hashCost, hashShape, type PasswordHasher } from './password-hash.ts'
import type { UserEntry } from './user-entry.ts'
import { canonicalUserName } from './user-name.ts'
import { samePassword } from './users-changes.ts'

/** What the authenticator needs of a directory of users. */
export interface PasswordDirectory {
  /** The users as they are now. */
  readonly users: () => ReadonlyMap<string, UserEntry>
  /** Told of every password that was right while its hash could be stronger. Must not reject. */
  readonly upgrade: (user: UserEntry, stored: string, password: string) => void
}

/**
 * Checks names and passwords against a directory.
 *
 * Equal time: a refused attempt does the same hashing for every name. While the file holds bcrypt hashes beside
 * argon2id ones, that is one hash of each kind and cost, the user's own among them; with no old hash left it is one
 * argon2id. A disabled user and one without a password cost the same as one that does not exist. Only a sign-in that
 * succeeds is quicker, and its answer says so anyway.
 */
export function passwordAuthenticator(
  name: string,
  hasher: PasswordHasher,
  directory: PasswordDirectory,
): CredentialsAuthenticator {
  let counted: ReadonlyMap<string, UserEntry> | null = null
  let costs: readonly HashShape[] = []

  function costsNow(users: ReadonlyMap<string, UserEntry>): readonly HashShape[] {
    if (users !== counted) costs = costsOf(users, hasher.shape)
    counted = users
    return costs
  }

  return {
    kind: 'credentials',
    name,
    async verify(username, password, signal) {
      const users = directory.users()
      const userId = canonicalUserName(username)
      const user = userId === null ? undefined : users.get(userId)
      const stored = user === undefined || user.disabled ? null : user.password
      const right = await hasher.check(stored, password, costsNow(users), signal)
      if (!right || user === undefined || stored === null) return null
      // Hashing waits in line. Who was removed, disabled or given a new password meanwhile has had their sessions
      // ended already: a session made from the old answer would outlive that.
      const now = directory.users().get(user.userId)
      if (now === undefined || now.disabled || !samePassword(user, now)) return null
      if (hasher.needsRehash(stored) && now.password === stored) directory.upgrade(now, stored, password)
      return identityOf(name, now)
    },
  }
}

function costsOf(users: ReadonlyMap<string, UserEntry>, fallback: HashShape): readonly HashShape[] {
  const costs = new Map<string, HashShape>()
  for (const { password } of users.values()) {
    const shape = password === null ? null : hashShape(password)
    if (shape !== null) costs.set(hashCost(shape), shape)
  }
  return costs.size === 0 ? [fallback] : [...costs.values()]
}

/** The identity of a user, as this authenticator vouches for it. */
export function identityOf(authenticator: string, user: UserEntry): Identity {
  const { userId, name, email, roles, fields } = user
  const known: JsonObject = {
    ...(name !== null && { name }),
    ...(email !== null && { email }),
    roles,
    // Below a name of their own: what people say of themselves must not become a role.
    ...(fields.size > 0 && { fields: Object.fromEntries(fields) }),
  }
  return { userId, authenticator, claims: known }
}
