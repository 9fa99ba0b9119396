import { onTestFinished } from 'vitest'
import type { PasswordHasher } from '../../src/auth/password-hash.ts'
import type { UserChange } from '../../src/auth/users-changes.ts'
import { openUsersFile, type UsersFile, type UsersFileOptions } from '../../src/auth/users-file.ts'
import { fileWith } from './folder.ts'
import { quickHasher } from './samples.ts'

/** Makes the hashes of the samples. */
export const hasher: PasswordHasher = quickHasher()
/** Anna's password. */
export const secret = 'xq7-vbwz-plm'

/** A users file opened for one test, quick to notice and to hash. */
export async function opened(path: string, options: UsersFileOptions = {}): Promise<UsersFile> {
  const users = await openUsersFile(path, {
    hasher: quickHasher(),
    pollEvery: 0.05,
    settle: 0.02,
    ...options,
  })
  onTestFinished(() => users.close())
  return users
}

/** An opened file with one user, and whatever else is given. */
export async function withAnna(extra = ''): Promise<{ path: string; users: UsersFile; text: string }> {
  const text = `# people\nusers:\n  anna:   # boss\n    password: ${await hasher.hash(secret)}\n    roles: [staff]\n${extra}`
  const path = await fileWith(text)
  return { path, users: await opened(path), text }
}

/** The next change the file tells of. */
export function nextChange(users: UsersFile): Promise<UserChange> {
  return new Promise((resolve) => users.onChange(resolve))
}

/** The next fault the file tells of. */
export function nextFault(users: UsersFile): Promise<Error> {
  return new Promise((resolve) => users.onFault(resolve))
}

/** The next change of this kind. */
export function nextKind(users: UsersFile, kind: UserChange['kind']): Promise<UserChange> {
  return new Promise((resolve) => {
    users.onChange((change) => {
      if (change.kind === kind) resolve(change)
    })
  })
}
