import type { MailTexts, SelfServiceTexts } from '../self-service-texts.ts'

const notYou = 'If it was not you, you need not do anything: nothing has changed.'

/** Our mails, in English. */
export const mailEn: MailTexts = {
  register: (app, link, minutes) => ({
    subject: `Your account for ${app}`,
    lines: [
      `Somebody, most likely you, wants an account for ${app} with this address.`,
      `To choose a name and a password, open this link within ${minutes} minutes. It works once:`,
      link,
      notYou,
    ],
  }),
  hasAccount: (app, user, signIn, forgot) => ({
    subject: `You have an account for ${app}`,
    lines: [
      `Somebody, most likely you, wanted to use this address for an account of ${app}. It has one already: ${user}.`,
      `Sign in here:\n${signIn}`,
      `If you have forgotten your password:\n${forgot}`,
      notYou,
    ],
  }),
  resetPassword: (app, user, link, minutes) => ({
    subject: `A new password for ${app}`,
    lines: [
      `Somebody, most likely you, has forgotten the password of ${user} for ${app}.`,
      `To choose a new one, open this link within ${minutes} minutes. It works once:`,
      link,
      notYou,
    ],
  }),
  usernames: (app, users, signIn) => ({
    subject: `Your name for ${app}`,
    lines: [`You sign in to ${app} as: ${users.join(', ')}`, signIn, notYou],
  }),
  changeEmail: (app, user, link, minutes) => ({
    subject: `Confirm your address for ${app}`,
    lines: [
      `The account ${user} of ${app} is to have this address.`,
      `If that is yours, open this link within ${minutes} minutes. It works once:`,
      link,
      'If it is not, do nothing.',
    ],
  }),
  passwordChanged: (app, user, forgot) => ({
    subject: `Your password for ${app} was changed`,
    lines: [
      `The password of ${user} for ${app} was changed just now, and every session was ended.`,
      `If it was not you, choose a new one at once:\n${forgot}`,
    ],
  }),
  emailChanged: (app, user) => ({
    subject: `Your address for ${app} was changed`,
    lines: [
      `The account ${user} of ${app} has another e-mail address now.`,
      'If it was not you, tell whoever looks after the app at once.',
    ],
  }),
}

/** The pages on which people look after their own accounts, in English. */
export const selfServiceEn: SelfServiceTexts = {
  email: 'E-mail address',
  name: 'Your name',
  send: 'Send me a mail',
  backToSignIn: 'Back to sign-in',
  asked: {
    heading: 'Look into your mail',
    lead: 'If we may, and there is something to send, a mail is on its way. What it says to do works for 30 minutes.',
    hint: 'Nothing there? Look among the unwanted mail, and wait a few minutes before you ask again.',
  },
  register: {
    heading: (app) => `An account for ${app}`,
    lead: 'We send a link to your address. It shows that the address is yours.',
    domains: (domains) => `For addresses of ${domains}.`,
    complete: 'Choose your name and password',
    as: (email) => `Your address is ${email}.`,
    usernameHint: 'Small letters, digits, dots and dashes; it begins with a letter.',
    submit: 'Create account',
  },
  forgotPassword: {
    heading: 'Forgotten your password?',
    lead: 'We send a link to the address that we have of you. Until you use it, nothing changes.',
    account: 'Username or e-mail address',
  },
  forgotUsername: {
    heading: 'Forgotten your username?',
    lead: 'We send it to your address.',
  },
  resetPassword: {
    heading: 'Choose a new password',
    for: (user) => `For the account ${user}.`,
    ends: 'This signs you out everywhere.',
    submit: 'Set password',
  },
  details: {
    heading: 'Your details',
    submit: 'Save',
    changed: 'Saved. The app shows it when you sign in the next time.',
    newEmail: 'New e-mail address',
    changeEmail: 'Change address',
    emailLead: (email) =>
      `Your address is ${email}. A new one counts once you have opened the link we send there.`,
    noEmail: 'We have no address of you. One counts once you have opened the link we send there.',
  },
  confirmEmail: {
    heading: 'Is this your address?',
    lead: (user, email) => `The account ${user} will have the address ${email}.`,
    submit: 'Yes, use it',
    done: 'Your new address is saved.',
  },
  guest: 'Continue as a guest',
  errors: {
    form: 'This page was open for too long, or cookies are off. Nothing was changed; please try again.',
    unavailable: 'That cannot be done right now. Nothing was changed; please try again in a moment.',
    link: 'This link is not good any more: it was used, or is too old, or something has changed since. Ask for another.',
    'bad-email': 'That is not an e-mail address. Please check it.',
    domain: (domains) => `Only addresses of ${domains} can be used here.`,
    same: 'That is your address already.',
    taken: 'That name is taken. Choose another.',
    'bad-name':
      'That cannot be a name. Use 2 to 32 small letters, digits, dots and dashes; begin with a letter.',
    unconfirmed:
      'Your password is set. We could not confirm that every other session has ended: sign in and look at your account page.',
    missing: (label) => `Please fill in: ${label}`,
  },
}
