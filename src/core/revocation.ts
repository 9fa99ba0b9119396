/** Ending the sessions of a user, or everyone's: those that are there, and those whose sign-in is on its way. */
import { reached } from './clock.ts'
import type { Epoch, SessionStore, StoredSession } from './contracts.ts'

export interface Revocation {
  /** Of one user, by pseudonym. As `SessionManager.revokeUser`. */
  user(user: string): Promise<void>
  /** As `SessionManager.revokeAll`. */
  all(): Promise<void>
}

export function revocation(store: SessionStore, now: () => number): Revocation {
  /**
   * An epoch of this process's clock ends what began in this millisecond or earlier, and it returns in a later one: what
   * begins then is none of it. A session that began by another replica's clock, which is ahead, bears a later instant
   * though it is there already: those are looked up first, and ended by name.
   */
  async function revoke(epoch: Epoch, present: () => AsyncIterable<StoredSession>): Promise<void> {
    const before = now() + 1
    const ahead: string[] = []
    for await (const { sid, createdAt } of present()) if (createdAt >= before) ahead.push(sid)
    await store.revokeBefore(epoch, before)
    for (const sid of ahead) await store.end(sid)
    await reached(now, before)
  }

  return {
    user: (user) =>
      revoke({ user }, async function* () {
        yield* await store.listByUser(user)
      }),
    all: () => revoke('all', () => store.scan()),
  }
}
