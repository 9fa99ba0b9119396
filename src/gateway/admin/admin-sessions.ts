/** The sessions of the admin page: a class of their own, though the same people sign in. */
import { createSessionManager, type SessionManager, type SessionManagerOptions } from '../../core/manager.ts'
import type { Limits, Policy } from '../../core/policy.ts'

/** The sessions of an app, and of its admin page. */
export interface BothSessions {
  /** Those of the app. Who is revoked here is out of the admin page too. */
  readonly sessions: SessionManager
  readonly adminSessions: SessionManager
}

const minute = 60_000
const most: Limits = { idle: 15 * minute, absolute: 8 * 60 * minute }

/**
 * Both on one store. SECURITY: a token of one opens nothing at the other, so that a copied cookie of the app, or whoever is the
 * app, gets no further than the app.
 */
export function bothSessions(options: SessionManagerOptions): BothSessions {
  const { app = '', policy, onEvent } = options
  const inner = createSessionManager(options)
  const adminSessions = createSessionManager({
    ...options,
    // No app can have that name.
    app: `${app}/admin`,
    policy: adminPolicy(policy),
    // Who is revoked is revoked once.
    onEvent: (event) => event.event !== 'session_revoked' && onEvent?.(event),
  })
  const sessions: SessionManager = {
    ...inner,
    async revokeUser(who) {
      await Promise.all([inner.revokeUser(who), adminSessions.revokeUser(who)])
    },
  }
  return { sessions, adminSessions }
}

/** Never longer than the app's own, and short: what can be done there concerns everybody. */
function adminPolicy(policy: Policy): Policy {
  const idle = Math.min(policy.session.idle, most.idle)
  const limits = { idle, absolute: Math.max(idle, Math.min(policy.session.absolute, most.absolute)) }
  const { rotateAfter } = policy
  return { rotateAfter, session: limits, remember: limits, anonymous: limits }
}
