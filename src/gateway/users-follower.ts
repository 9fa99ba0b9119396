/** Ends the sessions of whoever was removed, disabled, or given another password or other roles; forgets who was removed. */
import type { UserChange } from '../auth/users-changes.ts'
import type { UsersFile } from '../auth/users-file.ts'
import type { StateScope } from '../core/contracts.ts'
import type { SessionManager } from '../core/manager.ts'
import type { SealedState } from '../core/sealed-state.ts'
import { forgetFactors } from './factors.ts'
import type { Log } from './log.ts'
import { retiredNames } from './self-service/retired-names.ts'
import { type Account, standings } from './standing.ts'

export interface UsersFollowerOptions {
  readonly users: UsersFile
  readonly sessions: SessionManager
  /** Where it is kept how the file was last seen. */
  readonly state: SealedState
  /** The app's name: apps that share a store may have files of their own. */
  readonly app: string
  readonly log: Log
}

// A store that is away when the file changes must not mean that somebody stays in.
const retryAfter = 1_000

/**
 * Ends what the file's changes since it was last followed demand, then follows it until the returned function is
 * called. Rejects with `StoreError` if it cannot be known what changed: then nobody may be let in yet.
 */
export async function followUsers(options: UsersFollowerOptions): Promise<() => void> {
  const { users, sessions, state, log } = options
  const { name: authenticator } = users.authenticator()
  const scope: StateScope = { sid: null, name: `users:${options.app}` }
  const retired = retiredNames(state, options.app)
  const forgotten = forgetFactors(state, options.app)
  const known = standings({ state, app: options.app })
  let stopped = false

  const revoke = async ({ userId, kind }: UserChange): Promise<void> => {
    log.write('info', 'user_changed', { user: userId, kind })
    const account = { authenticator, userId }
    try {
      if (kind === 'removed') await forget(account)
    } finally {
      // Also where that fails: a store that is full notes nothing more, but ends sessions.
      await sessions.revokeUser(account)
    }
  }

  // SECURITY: the file gives a name to somebody else with a new entry: a passkey that was left would open their account.
  const forget = async (account: Account): Promise<void> => {
    await retired.add(account.userId)
    await forgotten(account)
    await known.forget(account)
  }

  const remember = async (): Promise<void> => {
    await state.set(scope, 'marks', users.marks())
  }

  let pending = 0
  const settle = (change: UserChange): void => {
    revoke(change).then(settled, (error: unknown) => {
      log.write('error', 'revocation_pending', { user: change.userId, reason: String(error) })
      if (!stopped) setTimeout(() => settle(change), retryAfter).unref()
    })
  }

  // Kept only once nothing is left to do: whoever starts next finds what this process could not finish.
  const settled = (): void => {
    pending--
    if (pending > 0) return
    remember().catch((error: unknown) => log.write('warn', 'users_not_remembered', { reason: String(error) }))
  }

  const marks = await state.get(scope, 'marks')
  if (marks !== null) for (const change of users.changesSince(marks)) await revoke(change)
  await remember()

  const stopFollowing = users.onChange((change) => {
    pending++
    settle(change)
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
