/** What is done to the accounts of others: kept out, given roles, signed out, removed. The admin page and the commands use it. */
import type { UsersFile } from '../auth/users-file.ts'
import { type UsersOutcome, unknownUser, unwritable, valueFault } from '../auth/users-outcome.ts'
import type { SessionManager } from '../core/manager.ts'
import type { Session } from '../core/session.ts'
import type { AuditAction, AuditLog } from './audit.ts'
import type { Account, AccountStanding, Standings } from './standing.ts'

/** The name under which a users file vouches for people. */
export const usersFileWay = 'users-file'

/** What of a users file is needed to manage those in it. */
export type Directory = Pick<UsersFile, 'list' | 'setDisabled' | 'setRoles' | 'remove'>

/** Who does it, and from where. */
export interface Actor {
  readonly account: Account
  readonly from: string
}

/** A session, and what it is for. */
export interface AccountSession {
  readonly session: Session
  /** Whether it is one of the admin page. */
  readonly admin: boolean
}

/** An account as it stands, whatever says so. */
export interface AccountView extends Account {
  readonly name: string | null
  readonly email: string | null
  readonly disabled: boolean
  readonly factorRequired: boolean
  /** `null` where only whoever vouches for them knows. */
  readonly roles: readonly string[] | null
  /** Whether they are in the users file. */
  readonly inFile: boolean
}

/**
 * Every change is in the audit log, and resolves only once it holds on every replica; rejects with `StoreError` where that
 * cannot be confirmed. Where a change narrows what somebody may do, their sessions end.
 */
export interface Accounts {
  view(account: Account): Promise<AccountView>
  /** The live ones, the latest first. */
  sessionsOf(account: Account): Promise<readonly AccountSession[]>
  setDisabled(by: Actor, account: Account, disabled: boolean): Promise<UsersOutcome>
  setRoles(by: Actor, account: Account, roles: readonly string[]): Promise<UsersOutcome>
  requireFactor(by: Actor, account: Account, required: boolean): Promise<UsersOutcome>
  /**
   * Forgets the second factors of somebody who lost them all. SECURITY: where one is required, the next who has the
   * password sets up a new one: whoever resets must know whom they speak with.
   */
  resetFactors(by: Actor, account: Account): Promise<UsersOutcome>
  /** Takes somebody out of the users file. */
  remove(by: Actor, account: Account): Promise<UsersOutcome>
  /** Ends one session of an account; `false` if it has no such session. */
  endSession(by: Actor, account: Account, sid: string): Promise<boolean>
  endSessions(by: Actor, account: Account): Promise<void>
}

export interface AccountsOptions {
  readonly sessions: SessionManager
  readonly adminSessions: SessionManager
  readonly standings: Standings
  readonly audit: AuditLog
  readonly forgetFactors: (account: Account) => Promise<void>
  /** `null`: there is no users file. */
  readonly directory: Directory | null
}

export function accounts(options: AccountsOptions): Accounts {
  const { sessions, adminSessions, standings, audit, forgetFactors, directory } = options

  const entryOf = ({ authenticator, userId }: Account) =>
    authenticator === usersFileWay ? directory?.list().find((one) => one.userId === userId) : undefined

  /** In the file, where they are of it; a person of another way in need not have been seen before. */
  const change = async (
    by: Actor,
    account: Account,
    action: AuditAction,
    work: () => Promise<UsersOutcome>,
    detail?: string,
  ): Promise<UsersOutcome> => {
    const request = { kind: 'admin', action, by: by.account, to: account, from: by.from } as const
    return audit.record(
      { ...request, ...(detail !== undefined && { detail }) },
      async () =>
        account.authenticator === usersFileWay && entryOf(account) === undefined
          ? unknownUser(account.userId)
          : work(),
      ({ done }) => (done ? 'done' : 'refused'),
    )
  }

  const inFile = async (
    account: Account,
    work: (file: Directory, userId: string) => Promise<UsersOutcome>,
  ): Promise<UsersOutcome> =>
    directory === null || entryOf(account) === undefined
      ? { done: true }
      : work(directory, account.userId).catch(unwritable)

  async function view(account: Account): Promise<AccountView> {
    const standing: AccountStanding = await standings.of(account)
    const entry = entryOf(account)
    const { authenticator, userId } = account
    return {
      ...{ authenticator, userId, name: entry?.name ?? null, email: entry?.email ?? null },
      disabled: standing.disabled || entry?.disabled === true,
      factorRequired: standing.factorRequired,
      roles: standing.roles ?? entry?.roles ?? null,
      inFile: entry !== undefined,
    }
  }

  async function sessionsOf(account: Account): Promise<readonly AccountSession[]> {
    const [own, admin] = await Promise.all([sessions.listUser(account), adminSessions.listUser(account)])
    return [
      ...own.map((session) => ({ session, admin: false })),
      ...admin.map((session) => ({ session, admin: true })),
    ].sort((a, b) => b.session.createdAt - a.session.createdAt)
  }

  return {
    view,
    sessionsOf,

    setDisabled: (by, account, disabled) =>
      change(by, account, disabled ? 'disable' : 'enable', async () => {
        // The store first: it holds for every replica at once, also for one that reads a users file of its own.
        await standings.change(account, { disabled })
        if (disabled) await sessions.revokeUser(account)
        const outcome = await inFile(account, (file, userId) => file.setDisabled(userId, disabled))
        // Out is who is disabled in either: a file that cannot be written need not say it too.
        const isSaid = disabled || entryOf(account)?.disabled !== true
        return !outcome.done && outcome.reason === 'unwritable' && isSaid ? { done: true } : outcome
      }),

    setRoles: (by, account, roles) =>
      change(
        by,
        account,
        'roles',
        async () => {
          const fault = valueFault({ roles })
          if (fault !== null) return fault
          const own = entryOf(account) !== undefined
          const outcome = await inFile(account, (file, userId) => file.setRoles(userId, roles))
          if (!outcome.done) return outcome
          await standings.change(account, { roles: own ? null : roles })
          // A session says which roles it began with.
          await sessions.revokeUser(account)
          return outcome
        },
        roles.join(', '),
      ),

    requireFactor: (by, account, factorRequired) =>
      change(by, account, factorRequired ? 'factor-require' : 'factor-waive', async () => {
        await standings.change(account, { factorRequired })
        // Who is in by a password alone must not stay in by it.
        if (factorRequired) await sessions.revokeUser(account)
        return { done: true }
      }),

    resetFactors: (by, account) =>
      change(by, account, 'factors-reset', async () => {
        await forgetFactors(account)
        // What was let in by a factor that counts no more must show what counts.
        await sessions.revokeUser(account)
        return { done: true }
      }),

    remove: (by, account) =>
      change(by, account, 'remove', async () => {
        if (directory === null || entryOf(account) === undefined) return unknownUser(account.userId)
        const outcome = await directory.remove(account.userId).catch(unwritable)
        if (!outcome.done) return outcome
        // Whoever has the name after them must not meet their factors, also where the end of a session cannot be confirmed.
        await forgetFactors(account)
        await standings.forget(account)
        await sessions.revokeUser(account)
        return outcome
      }),

    async endSession(by, account, sid) {
      const theirs = (await sessionsOf(account)).some(({ session }) => session.sid === sid)
      if (!theirs) return false
      const request = {
        kind: 'admin',
        action: 'session-end',
        by: by.account,
        to: account,
        from: by.from,
      } as const
      return audit.record(request, () => sessions.end(sid))
    },

    endSessions: (by, account) =>
      audit.record(
        { kind: 'admin', action: 'sessions-end', by: by.account, to: account, from: by.from },
        () => sessions.revokeUser(account),
      ),
  }
}
