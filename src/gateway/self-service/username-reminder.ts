/** A forgotten name: it goes to the address that the file has, and nowhere else. */
import { canonicalEmail } from '../../auth/email-address.ts'
import type { UsersFile } from '../../auth/users-file.ts'
import type { Asked, Asker, Asking } from './asking.ts'
import type { MailWriter } from './mail-writer.ts'

export interface UsernameReminder {
  /** Sends all names of this address there, if there are any. The answer is the same for all. `bad-email`: it is none. */
  ask(email: string, request: Asker): Promise<Asked | { readonly kind: 'bad-email' }>
}

export interface UsernameReminderParts {
  readonly users: Pick<UsersFile, 'byEmail'>
  readonly asking: Asking
  readonly mails: MailWriter
}

export function usernameReminder({ users, asking, mails }: UsernameReminderParts): UsernameReminder {
  return {
    async ask(typed, { address, acceptLanguage }) {
      const email = canonicalEmail(typed)
      if (email === null) return { kind: 'bad-email' }
      return asking.ask('username', address, async () => {
        const names = users.byEmail(email).map(({ userId }) => userId)
        return names.length === 0
          ? null
          : { whom: email, mail: () => mails.usernames(email, names, acceptLanguage) }
      })
    },
  }
}
