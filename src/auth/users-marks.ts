import type { Json, JsonObject } from '../core/contracts.ts'
import type { UserEntry } from './user-entry.ts'
import { type UserChange, userChanges } from './users-changes.ts'

/**
 * What of each user ends their sessions when it changes, to be kept somewhere safe (it holds hashes): so that an edit
 * made while nobody followed the file is noticed afterwards.
 */
export function usersMarks(users: ReadonlyMap<string, UserEntry>): JsonObject {
  const marks = [...users.values()].map(({ userId, password, roles, disabled }) => [
    userId,
    { password, roles: [...roles], disabled },
  ])
  return Object.fromEntries(marks)
}

/** What has changed since the marks were taken. What is not of their shape is read as a user without anything. */
export function changesSince(marks: Json, users: ReadonlyMap<string, UserEntry>): readonly UserChange[] {
  const before = new Map<string, UserEntry>()
  for (const [userId, mark] of Object.entries(isObject(marks) ? marks : {}))
    before.set(userId, entryOf(userId, mark))
  return userChanges(before, users)
}

function entryOf(userId: string, mark: Json): UserEntry {
  const { password, roles, disabled } = isObject(mark) ? mark : ({} as JsonObject)
  return {
    userId,
    key: userId,
    plain: null,
    name: null,
    email: null,
    password: typeof password === 'string' ? password : null,
    roles: Array.isArray(roles) ? roles.filter((role): role is string => typeof role === 'string') : [],
    disabled: disabled === true,
    fields: new Map(),
  }
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
