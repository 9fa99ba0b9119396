/** A forgotten password: a link goes to the address that the file has, and whoever has it sets a new one. */
import { canonicalEmail } from '../../auth/email-address.ts'
import type { UsersFile } from '../../auth/users-file.ts'
import type { KnownDetails } from '../../auth/users-self-service.ts'
import { StoreError } from '../../core/errors.ts'
import type { EventListener } from '../../core/events.ts'
import type { SessionManager } from '../../core/manager.ts'
import type { Log } from '../log.ts'
import { type Asked, type Asker, type Asking, unavailable } from './asking.ts'
import type { MailWriter } from './mail-writer.ts'
import { type OneTimeLinks, textOf } from './one-time-link.ts'
import { doneOrNot, type OwnRecord } from './own-record.ts'

export type ResetOutcome =
  | { readonly kind: 'reset'; readonly userId: string }
  /** The password is set; that every session has ended could not be confirmed. It is being tried on. */
  | { readonly kind: 'unconfirmed' }
  /** The link is too old, was used, or something it depends on has changed. */
  | { readonly kind: 'link' | 'unavailable' }
  | { readonly kind: 'weak'; readonly why: string }

export interface PasswordReset {
  /** Sends a link to whoever has this name or address, if anybody. The answer is the same for all. Changes nothing. */
  ask(account: string, asker: Asker): Promise<Asked>
  /** Whose password a link sets; `null` for a link that is worth nothing. Changes nothing. */
  opened(token: string): string | null
  /** Sets the password, which ends every session of theirs and makes all other links worthless. Signs nobody in. */
  reset(token: string, password: string, asker: Asker): Promise<ResetOutcome>
}

export interface PasswordResetParts {
  readonly users: UsersFile
  readonly links: OneTimeLinks
  readonly asking: Asking
  readonly mails: MailWriter
  readonly sessions: Pick<SessionManager, 'revokeUser'>
  readonly record: OwnRecord
  readonly log: Log
  readonly onEvent: EventListener
}

export function passwordReset(parts: PasswordResetParts): PasswordReset {
  const { users, links, asking, mails, sessions, record, log, onEvent } = parts

  const opened = (token: string): { readonly userId: string; readonly mark: string } | null => {
    const content = links.read('reset-password', token)
    if (content === null) return null
    const [userId, mark] = [textOf(content, 'userId'), textOf(content, 'mark')]
    return mark !== '' && users.resetMark(userId) === mark ? { userId, mark } : null
  }

  /** The one account that is meant. An address that several have does not say which. */
  const found = (account: string): KnownDetails | null => {
    const byName = users.details(account)
    if (byName !== null) return byName
    const email = canonicalEmail(account)
    const [first = null, ...more] = email === null ? [] : users.byEmail(email)
    return more.length === 0 ? first : null
  }

  async function reset(token: string, password: string, asker: Asker): Promise<ResetOutcome> {
    const link = opened(token)
    if (link === null) return { kind: 'link' }
    const { userId, mark } = link
    const outcome = await record(
      ...(['password', userId, asker] as const),
      () => users.resetPassword(userId, password, mark, () => links.use('reset-password', token)),
      doneOrNot,
    )
    if (outcome === 'stale') return { kind: 'link' }
    if (!outcome.done)
      return outcome.reason === 'weak-password' ? { kind: 'weak', why: outcome.message } : { kind: 'link' }
    onEvent({ event: 'password_reset', userId })
    mails.passwordChanged(userId, asker.acceptLanguage)
    try {
      await sessions.revokeUser({ authenticator: users.authenticator().name, userId })
    } catch (error) {
      if (!(error instanceof StoreError)) throw error
      // The file has changed, and whoever follows it tries again until it is done.
      return { kind: 'unconfirmed' }
    }
    return { kind: 'reset', userId }
  }

  return {
    ask: (account, { address, acceptLanguage }) =>
      asking.ask('reset-password', address, async () => {
        const user = found(account)
        const email = canonicalEmail(user?.email ?? '')
        const mark = user === null ? null : users.resetMark(user.userId)
        if (user === null || email === null || mark === null) return null
        const { userId } = user
        return {
          whom: userId,
          mail: () => {
            const token = links.issue('reset-password', { userId, mark })
            return mails.resetPassword({ userId, email }, token, acceptLanguage)
          },
        }
      }),
    opened: (token) => opened(token)?.userId ?? null,
    reset: (token, password, asker) =>
      reset(token, password, asker).catch((error: unknown) => unavailable(log, error)),
  }
}
