/** What people do about their accounts in the app's own forms: what our pages do, by the same rules and counters. */
import type { Session } from '../core/session.ts'
import { type AppSignIn, type AppSignInParts, welcomed } from './app-sign-in.ts'
import { changeOwnPassword } from './own-password.ts'
import type { PagePass } from './page-pass.ts'
import type { GatewayParts } from './parts.ts'
import { checkPassword, unavailable } from './password-check.ts'
import type { Asker } from './self-service/asking.ts'

export type AppAccountParts = AppSignInParts &
  Pick<GatewayParts, 'audit' | 'selfService'> & { readonly sessions: GatewayParts['sessions'] }

/** Where a page is, and the languages it likes. */
export interface AppAsker extends Asker {
  readonly pass: PagePass
}

/** `not-configured`: nobody can do that here; `what` says which part of the configuration would let them. */
export type NotConfigured = { readonly outcome: 'not-configured'; readonly what: string }
export type Refused =
  | { readonly outcome: 'credentials' | 'unavailable' | 'factor-needed' | 'gone' | 'elsewhere' }
  | { readonly outcome: 'throttled'; readonly seconds: number }

export type MailAsked =
  | { readonly outcome: 'asked' | 'bad-email' | 'same' | 'domain' | 'unavailable' }
  | { readonly outcome: 'throttled'; readonly seconds: number }
  | NotConfigured

/**
 * `elsewhere`: this account's password, or its details, are kept by others. `unconfirmed`: the password is changed; that every
 * session has ended could not be confirmed, and is being tried on.
 */
export type AppChange =
  | { readonly outcome: 'changed' | 'unconfirmed' }
  | { readonly outcome: 'missing'; readonly label: string | null }
  | { readonly outcome: 'weak' | 'bad-value'; readonly why: string }
  | Refused
  | MailAsked

/** What somebody wants to have of their details; what is left out stays. */
export interface WantedDetails {
  readonly name?: string
  readonly email?: string
  readonly fields: ReadonlyMap<string, string>
}

/** A link to register goes to the address. It opens our page, where the rest is asked for. */
export async function appRegister(
  { selfService }: AppAccountParts,
  email: string,
  asker: AppAsker,
): Promise<MailAsked> {
  const { registration } = selfService
  return registration === null
    ? notConfigured('registration')
    : outcomeOf(await registration.ask(email, asker))
}

export async function appForgotPassword(
  { selfService }: AppAccountParts,
  account: string,
  asker: AppAsker,
): Promise<MailAsked> {
  const { passwordReset } = selfService
  return passwordReset === null ? notConfigured('mail') : outcomeOf(await passwordReset.ask(account, asker))
}

export async function appForgotUsername(
  { selfService }: AppAccountParts,
  email: string,
  asker: AppAsker,
): Promise<MailAsked> {
  const { usernameReminder } = selfService
  return usernameReminder === null
    ? notConfigured('mail')
    : outcomeOf(await usernameReminder.ask(email, asker))
}

/** Somebody new, with a ticket for their page. */
export async function appGuest(
  parts: AppAccountParts,
  { pass }: AppAsker,
): Promise<AppSignIn | NotConfigured> {
  const { guests } = parts.selfService
  if (guests === null) return notConfigured('guest')
  try {
    const begun = await parts.sessions.begin()
    const welcome = await guests.welcome(pass.address)
    if (welcome.kind !== 'guest') return outcomeOf(welcome)
    const { identity } = welcome
    return await welcomed(parts, pass, { identity, token: null, remember: false, begun })
  } catch (error) {
    return { outcome: unavailable(parts, error).kind }
  }
}

/** Ends every session of theirs, this one too. */
export async function appChangePassword(
  parts: AppAccountParts,
  asker: AppAsker,
  { current, next }: { readonly current: string; readonly next: string },
): Promise<AppChange> {
  const who = await proven(parts, asker, current)
  if ('outcome' in who) return who
  const { identity } = who
  try {
    const changed = await changeOwnPassword(parts, identity, next, asker.address)
    if (changed === null) return { outcome: 'elsewhere' }
    if (changed !== 'unconfirmed' && !changed.done)
      return changed.reason === 'unwritable'
        ? { outcome: 'unavailable' }
        : { outcome: 'weak', why: changed.message }
    parts.selfService.passwordChanged(identity.userId, asker.acceptLanguage)
    return { outcome: changed === 'unconfirmed' ? 'unconfirmed' : 'changed' }
  } catch (error) {
    return { outcome: unavailable(parts, error).kind }
  }
}

/** A name and fields of one's own change at once; an address once a link has shown that it is theirs (`asked`). */
export async function appUpdateDetails(
  parts: AppAccountParts,
  asker: AppAsker,
  { password, wanted }: { readonly password: string; readonly wanted: WantedDetails },
): Promise<AppChange> {
  const { details } = parts.selfService
  const who = await proven(parts, asker, password)
  if ('outcome' in who) return who
  const { userId } = who.identity
  const before = details?.of(userId) ?? null
  if (details === null || before === null) return { outcome: 'elsewhere' }
  const { name, email, fields } = wanted
  if (email !== undefined && details.email === null) return notConfigured('mail')
  if (name !== undefined || fields.size > 0) {
    const filled = new Map([...before.fields, ...fields])
    const changed = await details.change(userId, name ?? before.name ?? userId, filled, asker)
    if (changed.kind !== 'changed') return outcomeOf(changed)
  }
  if (email === undefined || details.email === null) return { outcome: 'changed' }
  return outcomeOf(await details.email.ask(userId, email, asker))
}

/**
 * Whoever is signed in on this page, if that is their password. SECURITY: being signed in is not enough to change an account: a
 * page that was left open, or a copied cookie, would be.
 */
async function proven(
  parts: AppAccountParts,
  { pass, address }: AppAsker,
  password: string,
): Promise<{ readonly identity: NonNullable<Session['identity']> } | Refused> {
  try {
    const session = await parts.sessions.refresh(pass)
    if (session === null || session.identity === null) return { outcome: 'gone' }
    const { identity } = session
    const { preferred_username: typed } = identity.claims
    if (identity.authenticator !== parts.people.authenticator?.name) return { outcome: 'elsewhere' }
    const username = typeof typed === 'string' ? typed : identity.userId
    const check = await checkPassword(parts, { username, password, address })
    if (check.kind !== 'known') return outcomeOf(check)
    if (check.identity.userId !== identity.userId) return { outcome: 'credentials' }
    // Who has a second factor shows it, at our page: with a password alone whoever stole that would shut them out.
    return (await parts.factors.asks(identity)) === null ? { identity } : { outcome: 'factor-needed' }
  } catch (error) {
    return { outcome: unavailable(parts, error).kind }
  }
}

type Told<Said> = Said extends { readonly kind: infer Kind }
  ? { readonly outcome: Kind } & Omit<Said, 'kind'>
  : never

/** The same, as apps are told it. */
function outcomeOf<Said extends { readonly kind: string }>(said: Said): Told<Said> {
  const { kind, ...more } = said
  return { outcome: kind, ...more } as Told<Said>
}

function notConfigured(what: string): NotConfigured {
  return { outcome: 'not-configured', what }
}
