import type { Epoch, Mark, StoredSession } from '../core/contracts.ts'
import { firstMark } from './first-mark.ts'

/** What was revoked, and in which order. */
export interface MemoryRevocations {
  mark(user: string | null): Mark
  /** Numbers a revocation. */
  add(epoch: Epoch, at: number): number
  covers(session: StoredSession): boolean
}

export function createMemoryRevocations(): MemoryRevocations {
  const never: Mark = { number: 0, revokedAt: 0 }
  const users = new Map<string, Mark>()
  let [everyone, newest] = [never, firstMark]

  const ofUser = (user: string | null): Mark => (user === null ? undefined : users.get(user)) ?? never

  return {
    mark: (user) => ({ number: newest, revokedAt: Math.max(everyone.revokedAt, ofUser(user).revokedAt) }),

    add(epoch, at) {
      const last = epoch === 'all' ? everyone : ofUser(epoch.user)
      newest += 1
      const next = { number: newest, revokedAt: Math.max(last.revokedAt, at) }
      if (epoch === 'all') everyone = next
      else users.set(epoch.user, next)
      return newest
    },

    covers: ({ user, begun }) => begun < Math.max(everyone.number, ofUser(user).number),
  }
}
