/** Ends the sessions of whoever was removed, disabled, or given another password or other roles. */
import type { UsersFile } from '../auth/users-file.ts'
import type { SessionManager } from '../core/manager.ts'
import type { Log } from './log.ts'

// A store that is away when the file changes must not mean that somebody stays in.
const retryAfter = 1_000

/** Follows the file until the returned function is called. */
export function followUsers(users: UsersFile, sessions: SessionManager, log: Log): () => void {
  const authenticator = users.authenticator().name
  let stopped = false

  const revoke = (userId: string): void => {
    sessions.revokeUser({ authenticator, userId }).catch((error: unknown) => {
      log.write('error', 'revocation_pending', { user: userId, reason: String(error) })
      if (!stopped) setTimeout(() => revoke(userId), retryAfter).unref()
    })
  }

  const stopFollowing = users.onChange(({ userId, kind }) => {
    log.write('info', 'user_changed', { user: userId, kind })
    revoke(userId)
  })
  const stopFaults = users.onFault((fault) =>
    log.write('warn', 'users_file_unusable', { reason: fault.message }),
  )
  return () => {
    stopped = true
    stopFollowing()
    stopFaults()
  }
}
