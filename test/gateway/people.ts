/** Anna and Ben, and the file that knows them. */
import { writeFile } from 'node:fs/promises'
import { passwordHasher } from '../../src/auth/password-hash.ts'
import { openUsersFile, type UsersFile } from '../../src/auth/users-file.ts'
import type { Identity } from '../../src/core/contracts.ts'
import type { People } from '../../src/gateway/people.ts'
import type { HarnessOptions } from './harness-options.ts'

export const password = 'kelp holds on to rock'

/** Anna has roles and an address; Ben has neither. Both have the password above. */
export const anna: Identity = {
  userId: 'anna',
  authenticator: 'users-file',
  claims: { name: 'Anna Alga', email: 'anna@example.org', roles: ['admin', 'diver'] },
}
export const ben: Identity = { userId: 'ben', authenticator: 'users-file', claims: {} }

/** A users file with both of them in it. */
export async function usersIn(
  path: string,
  words: readonly string[],
  { usersText, hasher = passwordHasher({ memoryKiB: 64, passes: 1 }) }: HarnessOptions,
): Promise<UsersFile> {
  if (usersText !== undefined) await writeFile(path, usersText, { mode: 0o600 })
  const users = await openUsersFile(path, { create: true, words, hasher })
  for (const { userId, claims } of [anna, ben]) {
    const outcome = await users.add(userId, {
      password,
      ...(typeof claims.name === 'string' ? { name: claims.name } : {}),
      ...(typeof claims.email === 'string' ? { email: claims.email } : {}),
      ...(userId === 'anna' ? { roles: ['admin', 'diver'] } : {}),
    })
    if (!outcome.done) throw new Error(`${userId} could not be added: ${JSON.stringify(outcome)}`)
  }
  return users
}

/** What the gateway asks where only this file knows people. */
export function peopleOfFile(
  users: UsersFile,
): Pick<People, 'authenticator' | 'setPassword' | 'known' | 'usersFile'> {
  return {
    usersFile: users,
    authenticator: users.authenticator(),
    known: (name) => users.identity(name),
    setPassword: (name, secret) => users.setPassword(name, secret),
  }
}

/** The file, unless an API knows people in its place. */
export function peopleInFile(loginApi: HarnessOptions['loginApi'], users: UsersFile): UsersFile | null {
  return loginApi == null ? users : null
}
