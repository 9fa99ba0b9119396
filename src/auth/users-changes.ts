import { isUpgrade } from './password-hash.ts'
import type { UserEntry } from './user-entry.ts'

/** A change of one user that ends that user's sessions, or alters what they may do. */
export interface UserChange {
  readonly userId: string
  readonly kind: 'removed' | 'disabled' | 'password' | 'roles'
}

type Users = ReadonlyMap<string, UserEntry>

/**
 * What changed from one reading of the file to the next, for users who were there before. A password that was only
 * hashed anew after a sign-in is no change: it would sign out, on every other replica, who has just signed in.
 */
export function userChanges(before: Users, after: Users): readonly UserChange[] {
  return [...before.values()].flatMap((old): UserChange[] => {
    const { userId } = old
    const now = after.get(userId)
    if (now === undefined) return [{ userId, kind: 'removed' }]
    const kinds: UserChange['kind'][] = []
    if (now.disabled && !old.disabled) kinds.push('disabled')
    if (!samePassword(old, now)) kinds.push('password')
    if (!sameRoles(old.roles, now.roles)) kinds.push('roles')
    return kinds.map((kind) => ({ userId, kind }))
  })
}

/** Whether two readings of a user have the same password, as far as their hashes can tell. */
export function samePassword(old: UserEntry, now: UserEntry): boolean {
  if (old.password === now.password && old.plain === now.plain) return true
  return old.password !== null && now.password !== null && isUpgrade(old.password, now.password)
}

function sameRoles(old: readonly string[], now: readonly string[]): boolean {
  return old.length === now.length && old.every((role) => now.includes(role))
}
