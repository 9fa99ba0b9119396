/** Registering: a link goes to the address, and whoever has it chooses a name and a password. */
import { canonicalEmail, isOfDomain } from '../../auth/email-address.ts'
import { canonicalUserName } from '../../auth/user-name.ts'
import type { UsersFile } from '../../auth/users-file.ts'
import type { UsersRefusal } from '../../auth/users-outcome.ts'
import { digest } from '../../core/crypto.ts'
import type { EventListener } from '../../core/events.ts'
import type { FieldConfig, RegistrationConfig } from '../config-self-service.ts'
import type { Log } from '../log.ts'
import { type Asked, type Asker, type Asking, unavailable } from './asking.ts'
import type { MailWriter } from './mail-writer.ts'
import { type OneTimeLinks, textOf } from './one-time-link.ts'
import { doneOrNot, type OwnRecord } from './own-record.ts'
import type { RetiredNames } from './retired-names.ts'

/** What somebody fills in who has a link. */
export interface RegistrationForm {
  readonly token: string
  readonly username: string
  readonly password: string
  readonly name: string
  /** By the names of `fields`; others are ignored. */
  readonly fields: ReadonlyMap<string, string>
}

export type RegistrationOutcome =
  | { readonly kind: 'registered'; readonly userId: string }
  /** The link is too old, was used, or its address may not register any more, or has an account by now. */
  | { readonly kind: 'link' | 'unavailable' }
  /** Somebody has, or had, that name. Only who has proven an address that may register is told. */
  | { readonly kind: 'taken' | 'bad-name' }
  /** Not filled in: the label of a field of one's own, or `null` for the name. */
  | { readonly kind: 'missing'; readonly label: string | null }
  /** Why the password, or another text, is not taken. */
  | { readonly kind: 'weak' | 'bad-value'; readonly why: string }
  | { readonly kind: 'throttled'; readonly seconds: number }

export interface Registration {
  readonly domains: readonly string[]
  readonly fields: readonly FieldConfig[]
  /**
   * Sends a link to an address that may register; to one that has an account, a mail that says so; to any other nothing.
   * The answer is the same for all. `bad-email`: it is no address at all.
   */
  ask(email: string, request: Asker): Promise<Asked | { readonly kind: 'bad-email' }>
  /** The address that a link has proven; `null` for a link that is worth nothing. Changes nothing. */
  opened(token: string): string | null
  register(form: RegistrationForm, asker: Asker): Promise<RegistrationOutcome>
}

export interface RegistrationParts {
  readonly config: RegistrationConfig
  readonly users: UsersFile
  readonly links: OneTimeLinks
  readonly asking: Asking
  readonly mails: MailWriter
  readonly retired: RetiredNames
  readonly record: OwnRecord
  readonly log: Log
  readonly onEvent: EventListener
}

// One link is for one person: who tries many names with it looks for names that exist.
const tries = { most: 20, seconds: 1800 }
// Scripts that hold no letters that look like others', nor digits alone, which providers know people by. Nor an `@`: a
// name that is somebody else's address. UUIDs, which providers use too, are longer.
const chosenName =
  /^[a-z\p{sc=Han}\p{sc=Hira}\p{sc=Kana}\p{sc=Hang}][a-z\d._\p{sc=Han}\p{sc=Hira}\p{sc=Kana}\p{sc=Hang}ー-]*$/u
const longestName = 32
// Apps make much of these, whoever has them.
const reserved = new Set([
  'admin',
  'administrator',
  'root',
  'system',
  'guest',
  'anonymous',
  'support',
  'holdfast',
])

export function registration(parts: RegistrationParts): Registration {
  const { config, users, links, asking, mails, retired, record, log, onEvent } = parts

  const mayRegister = (email: string): boolean =>
    config.open ||
    config.domains.some((domain) => isOfDomain(email, domain)) ||
    config.emails.includes(email) ||
    users.isPreauthorized(email)

  const opened = (token: string): string | null => {
    const content = links.read('register', token)
    const email = content === null ? '' : textOf(content, 'email')
    return email !== '' && mayRegister(email) ? email : null
  }

  /** Why somebody who has proven this address cannot have that account; `null` if they can. Costs no hashing. */
  async function refusal(email: string, form: Chosen): Promise<RegistrationOutcome | null> {
    const { userId, name, missing, password } = form
    if (userId === '') return { kind: 'bad-name' }
    if (name === '') return { kind: 'missing', label: null }
    if (missing !== null) return { kind: 'missing', label: missing }
    if (users.details(userId) !== null || (await retired.has(userId))) return { kind: 'taken' }
    const why = users.passwordFault(userId, password, { name, email })
    return why === null ? null : { kind: 'weak', why }
  }

  async function register(form: RegistrationForm, asker: Asker): Promise<RegistrationOutcome> {
    const { token, password } = form
    const email = opened(token)
    if (email === null) return { kind: 'link' }
    const seconds = await asking.within(['register', digest(token)], tries)
    if (seconds !== null) return { kind: 'throttled', seconds }
    const chosen = chosenBy(form, config.fields)
    const refused = await refusal(email, chosen)
    if (refused !== null) return refused
    const { name, userId, values } = chosen
    const user = { password, email, name, roles: config.roles, fields: values }
    const outcome = await record(
      ...(['register', userId, asker] as const),
      () => users.register(userId, user, () => links.use('register', token)),
      doneOrNot,
    )
    if (outcome === 'email-taken' || outcome === 'stale') return { kind: 'link' }
    if (outcome.done) onEvent({ event: 'user_registered', userId })
    return outcome.done ? { kind: 'registered', userId } : refusedBy(outcome)
  }

  return {
    domains: config.domains,
    fields: config.fields,
    async ask(typed, { address, acceptLanguage }) {
      const email = canonicalEmail(typed)
      if (email === null) return { kind: 'bad-email' }
      return asking.ask('register', address, async () => {
        if (!mayRegister(email)) return null
        const [known] = users.byEmail(email)
        if (known !== undefined)
          return { whom: email, mail: () => mails.hasAccount({ ...known, email }, acceptLanguage) }
        return {
          whom: email,
          mail: () => mails.register(email, links.issue('register', { email }), acceptLanguage),
        }
      })
    },
    opened,
    register: (form, asker) => register(form, asker).catch((error: unknown) => unavailable(log, error)),
  }
}

function refusedBy({ reason, message }: UsersRefusal): RegistrationOutcome {
  return reason === 'user-exists' ? { kind: 'taken' } : { kind: 'bad-value', why: message }
}

interface Chosen {
  /** `''`: it can be no name. */
  readonly userId: string
  readonly name: string
  readonly password: string
  readonly values: ReadonlyMap<string, string>
  readonly missing: string | null
}

function chosenBy(form: RegistrationForm, fields: readonly FieldConfig[]): Chosen {
  const { username, password, name } = form
  return { userId: ownName(username) ?? '', name: name.trim(), password, ...filled(fields, form.fields) }
}

/** A name as somebody may choose it for themselves; `null` for any other. Narrower than what the file may hold. */
export function ownName(text: string): string | null {
  const userId = canonicalUserName(text)
  if (userId === null || userId.length > longestName || userId.length < 2) return null
  return chosenName.test(userId) && userId.normalize('NFKC') === userId && !reserved.has(userId)
    ? userId
    : null
}

/** What was filled in of the fields that are asked, and the label of the first that is missing. */
export function filled(
  fields: readonly FieldConfig[],
  given: ReadonlyMap<string, string>,
): { readonly values: ReadonlyMap<string, string>; readonly missing: string | null } {
  const values = new Map(fields.map(({ name }) => [name, (given.get(name) ?? '').trim()]))
  const missing = fields.find(({ name, required }) => required && values.get(name) === '')
  return { values, missing: missing?.label ?? null }
}
