/** One mail. Each of the lines is a paragraph. */
export interface MailText {
  readonly subject: string
  readonly lines: readonly string[]
}

/** What our mails say. `user` is the name of an account, `link` works once and for so many minutes. */
export interface MailTexts {
  readonly register: (app: string, link: string, minutes: number) => MailText
  readonly hasAccount: (app: string, user: string, signIn: string, forgot: string) => MailText
  readonly resetPassword: (app: string, user: string, link: string, minutes: number) => MailText
  readonly usernames: (app: string, users: readonly string[], signIn: string) => MailText
  readonly changeEmail: (app: string, user: string, link: string, minutes: number) => MailText
  readonly passwordChanged: (app: string, user: string, forgot: string) => MailText
  readonly emailChanged: (app: string, user: string) => MailText
}

/** What the pages say on which people look after their own accounts. */
export interface SelfServiceTexts {
  readonly email: string
  readonly name: string
  readonly send: string
  readonly backToSignIn: string
  /** Said of every address and name alike. */
  readonly asked: { readonly heading: string; readonly lead: string; readonly hint: string }
  readonly register: {
    readonly heading: (app: string) => string
    readonly lead: string
    /** For addresses of these domains. */
    readonly domains: (domains: string) => string
    readonly complete: string
    readonly as: (email: string) => string
    readonly usernameHint: string
    readonly submit: string
  }
  readonly forgotPassword: { readonly heading: string; readonly lead: string; readonly account: string }
  readonly forgotUsername: { readonly heading: string; readonly lead: string }
  readonly resetPassword: {
    readonly heading: string
    readonly for: (user: string) => string
    readonly ends: string
    readonly submit: string
  }
  readonly details: {
    readonly heading: string
    readonly submit: string
    readonly changed: string
    readonly newEmail: string
    readonly changeEmail: string
    readonly emailLead: (email: string) => string
    readonly noEmail: string
  }
  readonly confirmEmail: {
    readonly heading: string
    readonly lead: (user: string, email: string) => string
    readonly submit: string
    readonly done: string
  }
  readonly guest: string
  readonly errors: {
    readonly form: string
    readonly unavailable: string
    readonly link: string
    readonly 'bad-email': string
    readonly domain: (domains: string) => string
    readonly same: string
    readonly taken: string
    readonly 'bad-name': string
    readonly unconfirmed: string
    readonly missing: (label: string) => string
  }
}
