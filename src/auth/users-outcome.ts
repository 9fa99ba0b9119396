import { ConfigError } from '../core/errors.ts'
import { type PasswordContext, passwordFault } from './password-policy.ts'
import { isDisplayable } from './users-schema.ts'

/** Whether a change was made; if not, why, as a word to act on and a sentence to show. */
export type UsersOutcome = { readonly done: true } | UsersRefusal

/** Why a change was not made. */
export interface UsersRefusal {
  readonly done: false
  readonly reason: 'unknown-user' | 'user-exists' | 'bad-name' | 'bad-value' | 'weak-password' | 'unwritable'
  readonly message: string
}

/** There is nobody of that name. */
export function unknownUser(name: string): UsersRefusal {
  return refused('unknown-user', `There is no user ${quote(name)}.`)
}

/** Somebody has that name. */
export function userExists(name: string): UsersRefusal {
  return refused('user-exists', `There is a user ${quote(name)} already.`)
}

/** Nobody can have that name. */
export function badName(name: string): UsersRefusal {
  return refused(
    'bad-name',
    `${quote(name)} cannot be a user name: letters, digits and . _ @ + ' ~ - only, at most 128.`,
  )
}

/** The file cannot be changed now, or ever: a mounted one. Throws what is no fault of the file's. */
export function unwritable(fault: unknown): UsersRefusal {
  if (fault instanceof ConfigError) return refused('unwritable', fault.message)
  throw fault
}

/** Refuses a password that must not be set; `null` if it may. The password is not in the message. */
export function weakness(password: string, context: PasswordContext): UsersRefusal | null {
  const fault = passwordFault(password, context)
  return fault === null ? null : refused('weak-password', fault)
}

/** Refuses what could not be read back, or would break the header it travels in; `null` if all is well. */
export function valueFault(values: {
  readonly name?: string | undefined
  readonly email?: string | undefined
  readonly roles?: readonly string[] | undefined
}): UsersRefusal | null {
  const { name = 'x', email = 'x', roles = [] } = values
  const bad = [name, email, ...roles].find(
    (value) => value.trim() !== value || value === '' || !isDisplayable(value),
  )
  if (bad !== undefined) {
    return refused(
      'bad-value',
      `${quote(bad)} is empty, over 256 characters, padded with blanks, or not one line of text.`,
    )
  }
  const comma = roles.find((role) => role.includes(','))
  return comma === undefined
    ? null
    : refused('bad-value', `The role ${quote(comma)} has a comma; roles are sent as a list.`)
}

function refused(reason: UsersRefusal['reason'], message: string): UsersRefusal {
  return { done: false, reason, message }
}

function quote(value: string): string {
  return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value)
}
