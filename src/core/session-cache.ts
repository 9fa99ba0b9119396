/**
 * The verified sessions of this process, by a digest of their credential: never by the credential itself, which would
 * lie about in memory and whose look-up time could tell how much of it was guessed.
 */
import type { StoreChange } from './contracts.ts'
import type { Session } from './session.ts'

/** A bounded map of verified sessions that store changes keep honest. */
export interface SessionCache {
  /** Grows with every change seen; a session read before it grew may be out of date and MUST NOT be put. */
  readonly generation: number
  get(digest: string): Session | undefined
  /**
   * Keeps the session unless changes came since `generation`; the oldest makes room. Returns the one to use: that which
   * is kept already, if it is the same version, so that requests at the same moment share one and its touches.
   */
  put(digest: string, session: Session, generation: number): Session
  apply(change: StoreChange): void
}

export function sessionCache(capacity: number): SessionCache {
  const sessions = new Map<string, Session>()
  const digests = new Map<string, string>()
  let generation = 0

  const drop = (digest: string): void => {
    const session = sessions.get(digest)
    if (session === undefined) return
    sessions.delete(digest)
    digests.delete(session.id)
  }

  return {
    get generation() {
      return generation
    },

    get: (digest) => sessions.get(digest),

    put(digest, session, since) {
      // The race: a session is read, ends, its change is applied (nothing to drop yet), and only now would it be kept.
      if (since !== generation || capacity < 1) return session
      const kept = sessions.get(digest)
      if (kept?.id === session.id && kept.version === session.version) {
        kept.idleAt = Math.max(kept.idleAt, session.idleAt)
        return kept
      }
      drop(digest)
      if (sessions.size >= capacity) {
        const oldest = sessions.keys().next()
        if (!oldest.done) drop(oldest.value)
      }
      sessions.set(digest, session)
      digests.set(session.id, digest)
      return session
    },

    apply(change) {
      if (change.kind === 'state') return
      generation++
      if (change.kind === 'gap') {
        sessions.clear()
        digests.clear()
        return
      }
      if (change.kind === 'revoked') {
        for (const [digest, session] of sessions) if (isCovered(session, change)) drop(digest)
        return
      }
      const digest = digests.get(change.id)
      if (digest !== undefined) drop(digest)
    },
  }
}

/** Whether a revocation ends this session. */
export function isCovered(session: Session, change: Extract<StoreChange, { kind: 'revoked' }>): boolean {
  if (session.begun >= change.before) return false
  return change.epoch === 'all' || change.epoch.user === session.user
}
