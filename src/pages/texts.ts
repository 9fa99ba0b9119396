import type { AdminTexts } from './admin-texts.ts'
import type { ProblemCode } from './problem-code.ts'
import type { MailTexts, SelfServiceTexts } from './self-service-texts.ts'

/** A problem in plain words. Words between backticks are shown as code. */
export interface ProblemText {
  readonly title: string
  /** What it means and what to do, a paragraph each. Names no path, host, program or version. */
  readonly detail: readonly string[]
}

/** Everything our pages say, in one language. `app` is the app's name. */
export interface Texts {
  /** BCP 47. */
  readonly language: string
  readonly signIn: {
    readonly heading: (app: string) => string
    readonly username: string
    readonly password: string
    readonly remember: string
    readonly rememberHint: string
    readonly submit: string
    readonly or: string
    readonly with: (provider: string) => string
    /** Put before the title while an error is shown, so that it is the first thing read out. */
    readonly errorTitle: (title: string) => string
    readonly errors: {
      /** One text for unknown names, wrong passwords and disabled accounts. */
      readonly credentials: string
      readonly throttled: (seconds: number) => string
      readonly form: string
      readonly full: (most: number, seconds: number) => string
      readonly passkey: string
      readonly unavailable: string
    }
    readonly notices: {
      readonly expired: string
      readonly revoked: string
      readonly replaced: string
      readonly 'signed-out': string
      readonly registered: string
      readonly 'password-set': string
    }
  }
  /** For whoever is signed in as often as they may be. */
  readonly takeOver: {
    readonly heading: string
    readonly lead: (most: number) => string
    readonly endAll: string
    readonly cancel: string
  }
  readonly signOut: {
    readonly heading: (app: string) => string
    readonly lead: string
    readonly as: (name: string) => string
    readonly submit: string
    readonly cancel: string
    readonly form: string
    readonly unavailable: string
  }
  readonly account: {
    readonly heading: string
    readonly devices: string
    readonly thisDevice: string
    readonly unknownDevice: string
    readonly since: (day: string) => string
    readonly seen: (ago: string) => string
    readonly justNow: string
    /** What a button that shows only "sign out" says to a screen reader. */
    readonly endOne: (device: string) => string
    readonly endOthers: string
    readonly currentPassword: string
    /** Why a password is asked for although one is signed in. */
    readonly why: string
    readonly provider: (provider: string) => string
    readonly changePassword: string
    readonly newPassword: string
    readonly endsAll: string
    readonly done: { readonly ended: string; readonly 'others-ended': string }
    readonly errors: {
      readonly 'wrong-password': string
      readonly form: string
      readonly unavailable: string
      readonly stale: string
      readonly unwritable: string
    }
  }
  readonly selfService: SelfServiceTexts
  readonly mail: MailTexts
  readonly admin: AdminTexts
  readonly factor: {
    /** The heading while signing in. */
    readonly heading: string
    /** The heading where somebody who is signed in shows it once more. */
    readonly again: string
    readonly code: string
    readonly codeHint: string
    readonly recovery: string
    readonly recoveryCode: string
    readonly submit: string
    readonly passkey: string
    readonly passkeySignIn: string
    readonly passkeyNeeds: string
    readonly passkeyTrouble: string
    readonly required: string
    readonly list: string
    readonly lead: string
    readonly none: string
    readonly app: string
    readonly key: (device: string) => string
    readonly since: (day: string) => string
    readonly remove: string
    readonly removeOne: (name: string) => string
    readonly addApp: string
    readonly addKey: string
    readonly codesLeft: (count: number) => string
    readonly newCodes: string
    readonly showFirst: string
    readonly endsOthers: string
    readonly scan: string
    readonly picture: string
    readonly secret: string
    readonly shownOnce: string
    readonly typed: string
    readonly confirm: string
    readonly makeKey: string
    readonly makeKeyLead: string
    readonly codes: string
    readonly codesLead: string
    readonly codesKept: string
    readonly done: { readonly removed: string; readonly added: string }
    readonly errors: {
      readonly wrong: string
      readonly 'wrong-password': string
      readonly form: string
      readonly unavailable: string
      readonly stale: string
    }
  }
  readonly problem: Readonly<Record<ProblemCode, ProblemText>>
  readonly actions: {
    readonly signIn: string
    readonly again: string
    readonly home: (app: string) => string
    readonly otherAccount: string
  }
  readonly tryAgainIn: (seconds: number) => string
  /** Shown while the page reloads itself. */
  readonly reloads: string
  readonly reference: string
}
