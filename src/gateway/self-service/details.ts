/** What people change of their own entry. Whoever calls this has seen that it is they who ask. */
import { canonicalEmail, isOfDomain } from '../../auth/email-address.ts'
import type { UsersFile } from '../../auth/users-file.ts'
import type { KnownDetails } from '../../auth/users-self-service.ts'
import type { EventListener } from '../../core/events.ts'
import type { FieldConfig } from '../config-self-service.ts'
import type { Log } from '../log.ts'
import { type Asked, type Asker, type Asking, unavailable } from './asking.ts'
import type { MailWriter } from './mail-writer.ts'
import { type OneTimeLinks, textOf } from './one-time-link.ts'
import { doneOrNot, type OwnRecord } from './own-record.ts'
import { filled } from './registration.ts'

export type DetailsOutcome =
  | { readonly kind: 'changed' }
  | { readonly kind: 'unavailable' }
  /** Not filled in: the label of a field of one's own, or `null` for the name. */
  | { readonly kind: 'missing'; readonly label: string | null }
  | { readonly kind: 'bad-value'; readonly why: string }

export type EmailAsked =
  | Asked
  | { readonly kind: 'bad-email' }
  | { readonly kind: 'same' }
  | { readonly kind: 'domain' }

export interface Details {
  readonly fields: readonly FieldConfig[]
  /** Of which a new address has to be; none: of any. */
  readonly domains: readonly string[]
  /** `null` for who is not in the users file. */
  of(userId: string): KnownDetails | null
  change(
    userId: string,
    name: string,
    fields: ReadonlyMap<string, string>,
    asker: Asker,
  ): Promise<DetailsOutcome>
  /** `null` where no mail can be sent: then an address is for whoever keeps the file to change. */
  readonly email: EmailChange | null
}

/** An address changes once a link has shown that it is theirs. */
export interface EmailChange {
  /** Sends a link to the new address; to one that has an account, a mail that says so. The answer is the same for both. */
  ask(userId: string, email: string, asker: Asker): Promise<EmailAsked>
  /** Whose address a link changes to what; `null` for a link that is worth nothing. Changes nothing. */
  opened(token: string): { readonly userId: string; readonly email: string } | null
  confirm(token: string, asker: Asker): Promise<{ readonly kind: 'changed' | 'link' | 'unavailable' }>
}

export interface DetailsParts {
  readonly users: UsersFile
  readonly fields: readonly FieldConfig[]
  /** Those that registering asks for: leaving them by a change would be a way round. */
  readonly domains: readonly string[]
  readonly mail: { readonly links: OneTimeLinks; readonly asking: Asking; readonly mails: MailWriter } | null
  readonly record: OwnRecord
  readonly log: Log
  readonly onEvent: EventListener
}

export function details({ users, fields, domains, mail, record, log, onEvent }: DetailsParts): Details {
  async function change(
    userId: string,
    typed: string,
    given: ReadonlyMap<string, string>,
    asker: Asker,
  ): Promise<DetailsOutcome> {
    const name = typed.trim()
    if (name === '') return { kind: 'missing', label: null }
    const { values, missing } = filled(fields, given)
    if (missing !== null) return { kind: 'missing', label: missing }
    const outcome = await record(
      ...(['details', userId, asker] as const),
      () => users.setDetails(userId, { name, fields: values }),
      doneOrNot,
    )
    if (outcome === 'email-taken') return { kind: 'unavailable' }
    if (!outcome.done) return { kind: 'bad-value', why: outcome.message }
    onEvent({ event: 'details_changed', userId })
    return { kind: 'changed' }
  }

  return {
    fields,
    domains,
    of: (userId) => users.details(userId),
    change: (userId, name, given, asker) =>
      change(userId, name, given, asker).catch((error: unknown) => unavailable(log, error)),
    email: mail === null ? null : emailChange({ users, domains, ...mail, record, log, onEvent }),
  }
}

type EmailParts = Pick<DetailsParts, 'users' | 'domains' | 'record' | 'log' | 'onEvent'> &
  NonNullable<DetailsParts['mail']>

function emailChange({
  users,
  domains,
  links,
  asking,
  mails,
  record,
  log,
  onEvent,
}: EmailParts): EmailChange {
  const opened = (token: string): { userId: string; email: string; mark: string } | null => {
    const content = links.read('change-email', token)
    if (content === null) return null
    const [userId, email, mark] = [
      textOf(content, 'userId'),
      textOf(content, 'email'),
      textOf(content, 'mark'),
    ]
    // SECURITY: whoever asked for it may have known the password that was changed since, and would have the account by this.
    return mark !== '' && users.resetMark(userId) === mark ? { userId, email, mark } : null
  }

  async function confirm(token: string, asker: Asker): Promise<{ readonly kind: 'changed' | 'link' }> {
    const link = opened(token)
    if (link === null || !(await links.use('change-email', token))) return { kind: 'link' }
    const { userId, email, mark } = link
    const before = users.details(userId)?.email ?? ''
    const outcome = await record(
      ...(['details', userId, asker] as const),
      () => users.setEmail(userId, email, mark),
      doneOrNot,
    )
    if (typeof outcome === 'string' || !outcome.done) return { kind: 'link' }
    onEvent({ event: 'details_changed', userId })
    const old = canonicalEmail(before)
    if (old !== null) mails.emailChanged({ userId, email: old }, asker.acceptLanguage)
    return { kind: 'changed' }
  }

  return {
    async ask(userId, typed, { address, acceptLanguage }) {
      const email = canonicalEmail(typed)
      if (email === null) return { kind: 'bad-email' }
      const before = users.details(userId)?.email ?? ''
      if (canonicalEmail(before) === email) return { kind: 'same' }
      if (domains.length > 0 && !domains.some((domain) => isOfDomain(email, domain)))
        return { kind: 'domain' }
      return asking.ask('change-email', address, async () => {
        const [known] = users.byEmail(email)
        if (known !== undefined)
          return { whom: email, mail: () => mails.hasAccount({ ...known, email }, acceptLanguage) }
        // The password that they have just typed may be hashed anew, which is no other password.
        await users.upgraded()
        const mark = users.resetMark(userId)
        if (mark === null) return null
        return {
          whom: email,
          mail: () => {
            const token = links.issue('change-email', { userId, email, mark })
            return mails.changeEmail({ userId, email }, token, acceptLanguage)
          },
        }
      })
    },
    opened(token) {
      const link = opened(token)
      return link === null ? null : { userId: link.userId, email: link.email }
    },
    confirm: (token, asker) => confirm(token, asker).catch((error: unknown) => unavailable(log, error)),
  }
}
