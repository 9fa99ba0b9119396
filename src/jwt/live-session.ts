/** Is the session of a token still there? Answered from this process's memory where the store vouches for it. */
import type { SessionStore } from '../core/contracts.ts'
import type { SessionManager } from '../core/manager.ts'
import { isOver } from '../core/policy.ts'
import type { Session } from '../core/session.ts'
import { sessionCache } from '../core/session-cache.ts'
import type { AccessClaims } from './access-claims.ts'

export interface LiveSessionsOptions {
  readonly manager: Pick<SessionManager, 'refresh'>
  readonly store: Pick<SessionStore, 'isCurrent' | 'watch'>
  readonly now: () => number
  readonly capacity: number
}

/** Finds sessions by what access tokens say of them. */
export interface LiveSessions {
  /** The session of these claims, or `null` if it has ended or is another's. Rejects with `StoreError`. */
  find(claims: AccessClaims): Promise<Session | null>
  /** As `find`, from memory alone: `null` says nothing. */
  peek(claims: AccessClaims): Session | null
}

export function liveSessions({ manager, store, now, capacity }: LiveSessionsOptions): LiveSessions {
  // By sid, which all tokens of a session share: a refresh does not make the next check cold.
  const cache = sessionCache(capacity)
  store.watch((change) => cache.apply(change))

  const peek = (claims: AccessClaims): Session | null => {
    if (!store.isCurrent()) return null
    const session = cache.get(claims.sid)
    return session === undefined || isOver(session, now()) ? null : own(session, claims)
  }

  return {
    peek,

    async find(claims) {
      const known = peek(claims)
      if (known !== null) return known
      const { generation } = cache
      const session = await manager.refresh({ id: claims.rid, sid: claims.sid })
      if (session === null) return null
      return own(store.isCurrent() ? cache.put(claims.sid, session, generation) : session, claims)
    },
  }
}

/** The session, if it is the named user's. */
function own(session: Session, { sub, idp }: AccessClaims): Session | null {
  const { identity } = session
  return identity?.userId === sub && identity.authenticator === idp ? session : null
}
