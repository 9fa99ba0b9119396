import type { Texts } from '../texts.ts'
import { adminEn } from './en-admin.ts'
import { mailEn, selfServiceEn } from './en-self-service.ts'

function duration(seconds: number): string {
  const whole = Math.max(1, Math.ceil(seconds))
  if (whole < 60) return whole === 1 ? '1 second' : `${whole} seconds`
  const minutes = Math.ceil(whole / 60)
  if (minutes < 60) return minutes === 1 ? '1 minute' : `${minutes} minutes`
  const hours = Math.ceil(minutes / 60)
  return hours === 1 ? '1 hour' : `${hours} hours`
}

const browsers = (count: number): string => (count === 1 ? 'in another browser' : `in ${count} browsers`)

/** English. */
export const en: Texts = {
  language: 'en',
  signIn: {
    heading: (app) => `Sign in to ${app}`,
    username: 'Username',
    password: 'Password',
    remember: 'Stay signed in',
    rememberHint: 'Not on a computer you share.',
    submit: 'Sign in',
    or: 'or',
    with: (provider) => `Continue with ${provider}`,
    errorTitle: (title) => `Error: ${title}`,
    errors: {
      credentials: 'That username and password do not match. Please check both and try again.',
      throttled: (seconds) => `Too many attempts. Please try again in ${duration(seconds)}.`,
      form: 'This form was open for too long, or cookies are off. Please try again.',
      full: (most, seconds) =>
        `Your account is in use ${browsers(most)} already, and no more are allowed at once. Sign out there, then try again here. If you cannot: a browser that is no longer used gives up its place by itself, the first in ${duration(seconds)}.`,
      passkey: 'That passkey does not sign anybody in here. Please try another way.',
      unavailable: 'We cannot check passwords right now. Please try again in a moment.',
    },
    notices: {
      expired: 'Your session has ended. Sign in to go on where you were.',
      revoked: 'You were signed out. Sign in again to go on.',
      replaced:
        'You were signed out here because your account was signed in somewhere else. If that was not you, sign in and change your password.',
      'signed-out': 'You are signed out.',
      registered: 'Your account is ready. Sign in with the name and password you chose.',
      'password-set': 'Your new password is set. You were signed out everywhere; sign in with the new one.',
    },
  },
  takeOver: {
    heading: 'You are signed in elsewhere',
    lead: (most) =>
      `Your account is in use ${browsers(most)} already, and no more are allowed at once. Choose which to sign out, and go on here.`,
    endAll: 'Sign out all of them',
    cancel: 'Do not sign in here',
  },
  signOut: {
    heading: (app) => `Sign out of ${app}?`,
    lead: 'This ends your session in all tabs of this browser.',
    as: (name) => `You are signed in as ${name}.`,
    submit: 'Sign out',
    cancel: 'Stay signed in',
    form: 'This page was open for too long. Please try again.',
    unavailable:
      'We could not confirm that you are signed out, so you may still be signed in. Please try again.',
  },
  account: {
    heading: 'Your account',
    devices: 'Where you are signed in',
    thisDevice: 'This one',
    unknownDevice: 'Unknown browser',
    since: (day) => `since ${day}`,
    seen: (ago) => `last seen ${ago}`,
    justNow: 'just now',
    endOne: (device) => `Sign out ${device}`,
    endOthers: 'Sign out everywhere else',
    currentPassword: 'Your password',
    why: 'So that it is you who asks, and not somebody at your open screen.',
    provider: (provider) => `To change something here, sign in with ${provider} once more.`,
    changePassword: 'Change password',
    newPassword: 'New password',
    endsAll: 'This signs you out everywhere, here too. Then sign in with the new one.',
    done: {
      ended: 'That browser is signed out.',
      'others-ended': 'All other browsers are signed out.',
    },
    errors: {
      'wrong-password': 'That is not your password. Nothing was changed.',
      form: 'This page was open for too long. Nothing was changed; please try again.',
      unavailable: 'We could not confirm the change. Please look at the list, and try again.',
      stale: 'Please show first that it is you. Nothing was changed.',
      unwritable:
        'Your password cannot be changed here right now. Nothing was changed. Please try again later, or ask whoever runs this app.',
    },
  },
  selfService: selfServiceEn,
  mail: mailEn,
  admin: adminEn,
  factor: {
    heading: 'One more step',
    again: 'Please show that it is you',
    code: 'Code from your authenticator app',
    codeHint: 'Six digits; a new code comes every 30 seconds.',
    recovery: 'Use a recovery code',
    recoveryCode: 'Recovery code',
    submit: 'Continue',
    passkey: 'Use a passkey',
    passkeySignIn: 'Sign in with a passkey',
    passkeyNeeds: 'Passkeys need JavaScript, which is off in this browser.',
    passkeyTrouble: 'Your device gave no passkey. Try again, or choose another way.',
    required: 'Your account needs a second factor. Choose one now; it takes a minute.',
    list: 'Second factors',
    lead: 'With a second factor, somebody who learns your password still cannot sign in.',
    none: 'You have none yet.',
    app: 'Authenticator app',
    key: (device) => `Passkey, made in ${device}`,
    since: (day) => `since ${day}`,
    remove: 'Remove',
    removeOne: (name) => `Remove: ${name}`,
    addApp: 'Add an authenticator app',
    addKey: 'Add a passkey',
    codesLeft: (count) => (count === 1 ? '1 recovery code is left.' : `${count} recovery codes are left.`),
    newCodes: 'Make new recovery codes',
    showFirst: 'To change something here, show first that it is you.',
    endsOthers: 'Every change signs you out of all other browsers.',
    scan: 'Open your authenticator app, scan this picture, and type the code that the app shows.',
    picture: 'The secret as a QR code',
    secret: 'Or type this into the app:',
    shownOnce:
      'Type the code that the app shows now. If the app does not have the secret yet, go back and begin again.',
    typed: 'Code that the app shows',
    confirm: 'Confirm',
    makeKey: 'Make a passkey',
    makeKeyLead: 'Your device asks for your fingerprint, your face or its PIN. None of that leaves it.',
    codes: 'Your recovery codes',
    codesLead:
      'Each of them signs you in once, should you lose your device. They are shown only now: print them, or keep them where you keep your passwords.',
    codesKept: 'I have kept them',
    done: {
      removed: 'It is removed, and you are signed out of all other browsers.',
      added: 'It is added, and you are signed out of all other browsers.',
    },
    errors: {
      wrong: 'That was not right. Please try again with a new code.',
      'wrong-password': 'That is not your password. Nothing was changed.',
      form: 'This page was open for too long. Please try again.',
      unavailable: 'We cannot check that right now. Please try again in a moment.',
      stale: 'Please show first that it is you. Nothing was changed.',
    },
  },
  problem: {
    'bad-request': {
      title: 'That request cannot be understood',
      detail: [
        'The address or the data sent with it is not in order. Check the address, or go back and try again.',
      ],
    },
    'sign-in-required': {
      title: 'Please sign in',
      detail: ['You need to be signed in to see this.'],
    },
    'step-up-required': {
      title: 'Please show that it is you',
      detail: ['This part asks for that once more. Open it in its own tab, or load the page again.'],
    },
    forbidden: {
      title: 'This is not open to you',
      detail: [
        'You are signed in, but your account may not see this page. If you think it should, ask whoever looks after this app.',
      ],
    },
    'cross-origin': {
      title: 'That came from another site',
      detail: [
        'For your safety, changes are only taken from pages of this app itself. Open the app and try again from there.',
      ],
    },
    'not-found': {
      title: 'There is nothing here',
      detail: ['The page does not exist, or it has moved. Check the address.'],
    },
    'method-not-allowed': {
      title: 'That does not work here',
      detail: ['This address cannot be used in that way. Go back and try again.'],
    },
    'too-large': {
      title: 'That is too large',
      detail: ['What you sent is larger than this app takes. Try a smaller file or a shorter text.'],
    },
    'unsupported-type': {
      title: 'That kind of data is not taken here',
      detail: ['The data was sent in a form that this address does not take.'],
    },
    'unknown-host': {
      title: 'This is not the address of this app',
      detail: [
        'The app is running, but it only answers at the address it was given.',
        'If you look after it: start it with `--public-url` and the address people open, such as `https://app.example.org`. Without that it opens only on the computer it runs on.',
      ],
    },
    'https-required': {
      title: 'This connection is not private',
      detail: [
        'Without https anyone on the network could read passwords and take over sessions, so the app does not answer here.',
        'If you look after it: put https in front, and say so with `--public-url`. On a network you trust entirely, `--insecure-http` lets people in without it.',
      ],
    },
    'too-many-requests': {
      title: 'That was a little too fast',
      detail: ['Too many requests have come from here. Nothing is lost: wait a moment, then try again.'],
    },
    'headers-too-large': {
      title: 'Your browser sends too much along',
      detail: [
        'Usually it is too many cookies from this address. Delete the cookies of this site in your browser, then try again.',
      ],
    },
    internal: {
      title: 'Something went wrong here',
      detail: [
        'It is not your fault. Try again; if that does not help, give the number below to whoever looks after this app.',
      ],
    },
    'app-unreachable': {
      title: 'The app does not answer yet',
      detail: ['It is probably being restarted. This does not sign you out.'],
    },
    unavailable: {
      title: 'We cannot check who you are right now',
      detail: ['You have not been signed out. As soon as this is over, everything is as before.'],
    },
    'app-timeout': {
      title: 'The app takes too long to answer',
      detail: ['It may be busy. This does not sign you out. Try again in a moment.'],
    },
  },
  actions: {
    signIn: 'Sign in',
    again: 'Try again',
    home: (app) => `Go to ${app}`,
    otherAccount: 'Use another account',
  },
  tryAgainIn: (seconds) => `You can try again in ${duration(seconds)}.`,
  reloads: 'This page tries again by itself.',
  reference: 'Request',
}
