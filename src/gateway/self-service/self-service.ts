/** What people do about their own accounts, put together as far as it is configured. Knows nothing of pages. */
import type { UsersFile } from '../../auth/users-file.ts'
import type { EventListener } from '../../core/events.ts'
import { sealedState } from '../../core/sealed-state.ts'
import type { AuditLog } from '../audit.ts'
import type { SelfServiceConfig } from '../config-self-service.ts'
import type { Log } from '../log.ts'
import type { OpenedSessions } from '../sessions.ts'
import type { Site } from '../site.ts'
import { asking } from './asking.ts'
import { type Details, details } from './details.ts'
import { type Guests, guests } from './guest.ts'
import { mailQueue, type SendMail } from './mail-queue.ts'
import { mailWriter } from './mail-writer.ts'
import { oneTimeLinks } from './one-time-link.ts'
import { ownRecord } from './own-record.ts'
import { type PasswordReset, passwordReset } from './password-reset.ts'
import { type Registration, registration } from './registration.ts'
import { retiredNames } from './retired-names.ts'
import { smtpMail } from './smtp-mail.ts'
import { type UsernameReminder, usernameReminder } from './username-reminder.ts'

/** Each is `null` where it is not configured, or where others keep the passwords. */
export interface SelfService {
  readonly registration: Registration | null
  readonly passwordReset: PasswordReset | null
  readonly usernameReminder: UsernameReminder | null
  readonly details: Details | null
  readonly guests: Guests | null
  /** Tells somebody that their password was changed. Nothing where there is no mail. */
  passwordChanged(userId: string, acceptLanguage: string | undefined): void
  /** Resolves once the mail that was asked for is sent, or given up. */
  idle(): Promise<void>
  close(): Promise<void>
}

export interface SelfServiceOptions extends Pick<OpenedSessions, 'store' | 'keyring' | 'sessions'> {
  readonly config: SelfServiceConfig & { readonly name: string }
  /** The app's name as people know it. */
  readonly app: string
  readonly site: Pick<Site, 'origin' | 'base'>
  /** `null`: passwords are kept by others. */
  readonly users: UsersFile | null
  readonly audit: AuditLog
  readonly log: Log
  readonly onEvent: EventListener
  readonly now: () => number
  /** @default by SMTP, as configured */
  readonly send?: SendMail
}

const refuseMail: SendMail = () => Promise.reject(new Error('no mail server is configured'))

export function openSelfService(options: SelfServiceOptions): SelfService {
  const { config, app, site, users, store, keyring, sessions, audit, log, onEvent, now } = options
  const queue = mailQueue(options.send ?? (config.mail === null ? refuseMail : smtpMail(config.mail)), log)
  const gate = asking({ store, key: keyring.key('self-service/v1'), queue, log, now })
  const shared = {
    registration: null,
    passwordReset: null,
    usernameReminder: null,
    details: null,
    guests: config.guest === null ? null : guests(config.guest, gate, log),
    passwordChanged: () => undefined,
    idle: queue.idle,
    close: queue.close,
  }
  if (users === null) return shared
  const { fields = [], domains = [] } = config.registration ?? {}
  const record = ownRecord(audit, users.authenticator().name)
  const own = { users, fields, domains, record, log, onEvent }
  if (config.mail === null) return { ...shared, details: details({ ...own, mail: null }) }

  const links = oneTimeLinks({ store, key: keyring.key('link/v1'), app: config.name, now })
  const mails = mailWriter({ app, site, users, queue })
  const mail = { links, asking: gate, mails }
  const retired = retiredNames(sealedState(store, keyring), config.name)
  return {
    ...shared,
    registration:
      config.registration === null
        ? null
        : registration({ config: config.registration, users, ...mail, retired, record, log, onEvent }),
    passwordReset: passwordReset({ users, ...mail, sessions, record, log, onEvent }),
    usernameReminder: usernameReminder({ users, ...mail }),
    details: details({ ...own, mail }),
    passwordChanged: mails.passwordChanged,
  }
}
