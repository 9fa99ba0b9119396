/** By what a change is known, beside its number. */
import { randomBytes } from 'node:crypto'
import type { RedisAddress } from './redis-address.ts'

/**
 * The mark of a new change: it begins with the database. Channels know no databases, so that the changes of another
 * Holdfast in another one are heard here, and their numbers would be taken for ours.
 */
export function newMark({ database }: Pick<RedisAddress, 'database'>): string {
  return `${database}.${randomBytes(6).toString('base64url')}`
}

/** Whether a change was made in this database. */
export function isMadeIn({ database }: Pick<RedisAddress, 'database'>, mark: string): boolean {
  return mark.startsWith(`${database}.`)
}
