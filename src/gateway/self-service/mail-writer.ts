/** What our mails say, in the language of whoever asked. Nothing that a stranger typed is in them. */
import { canonicalEmail } from '../../auth/email-address.ts'
import type { UsersFile } from '../../auth/users-file.ts'
import { textsFor } from '../../pages/language.ts'
import { type OwnPage, ownPath } from '../../pages/own-path.ts'
import type { MailText, MailTexts } from '../../pages/self-service-texts.ts'
import type { Site } from '../site.ts'
import type { Mail, MailQueue } from './mail-queue.ts'
import { linkLifetime } from './one-time-link.ts'

/** Whose mail it is. `email` is canonical. */
interface Recipient {
  readonly userId: string
  readonly email: string
}

export interface MailWriter {
  register(email: string, token: string, acceptLanguage: string | undefined): Mail
  hasAccount(to: Recipient, acceptLanguage: string | undefined): Mail
  resetPassword(to: Recipient, token: string, acceptLanguage: string | undefined): Mail
  usernames(email: string, names: readonly string[], acceptLanguage: string | undefined): Mail
  changeEmail(to: Recipient, token: string, acceptLanguage: string | undefined): Mail
  /** Tells somebody that their password was changed, so that they know if it was not they. Sent at once. */
  passwordChanged(userId: string, acceptLanguage: string | undefined): void
  emailChanged(to: Recipient, acceptLanguage: string | undefined): void
}

export interface MailWriterOptions {
  /** The app's name as people know it. */
  readonly app: string
  readonly site: Pick<Site, 'origin' | 'base'>
  readonly users: Pick<UsersFile, 'details'>
  readonly queue: Pick<MailQueue, 'post'>
}

/** The name of the parameter that carries a link's token. */
export const linkParameter = 'link'

export function mailWriter({ app, site, users, queue }: MailWriterOptions): MailWriter {
  const minutes = linkLifetime / 60_000
  // SECURITY: from the configured address alone. A Host header in a link would send the token to whoever wrote it.
  const address = (page: OwnPage, token?: string): string =>
    `${site.origin}${ownPath(site.base, page)}${token === undefined ? '' : `?${linkParameter}=${token}`}`
  const to = (email: string, { subject, lines }: MailText): Mail => ({
    to: email,
    subject,
    text: `${lines.join('\n\n')}\n`,
  })
  const texts = (acceptLanguage: string | undefined): MailTexts => textsFor(acceptLanguage).mail

  return {
    register: (email, token, language) =>
      to(email, texts(language).register(app, address('register', token), minutes)),
    hasAccount: ({ userId, email }, language) =>
      to(email, texts(language).hasAccount(app, userId, address('sign-in'), address('forgot-password'))),
    resetPassword: ({ userId, email }, token, language) =>
      to(email, texts(language).resetPassword(app, userId, address('reset-password', token), minutes)),
    usernames: (email, names, language) =>
      to(email, texts(language).usernames(app, names, address('sign-in'))),
    changeEmail: ({ userId, email }, token, language) =>
      to(email, texts(language).changeEmail(app, userId, address('account/email', token), minutes)),
    passwordChanged(userId, language) {
      const email = canonicalEmail(users.details(userId)?.email ?? '')
      if (email === null) return
      queue.post(async () =>
        to(email, texts(language).passwordChanged(app, userId, address('forgot-password'))),
      )
    },
    emailChanged({ userId, email }, language) {
      queue.post(async () => to(email, texts(language).emailChanged(app, userId)))
    },
  }
}
