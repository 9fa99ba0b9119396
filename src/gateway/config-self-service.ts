/** What people may do about their own accounts, as it is configured: registering, mail that reaches them, coming as a guest. */
import { array, exactOptional, type GenericSchema, maxLength, pipe, rawTransform, string } from 'valibot'
import { canonicalEmail } from '../auth/email-address.ts'
import { fieldName } from '../auth/users-schema.ts'
import { onOff, section, someText, text } from './config-value.ts'

/** Where mail is handed in, and who it is from. */
export interface MailConfig {
  /** `smtp:` or `smtps:`; a user, never a password. */
  readonly url: URL
  /** An address, or a name and an address in angle brackets. */
  readonly from: string
  readonly password: string | null
}

/** What is asked of those who register, besides a name, an address and a password. */
export interface FieldConfig {
  /** In the file, and to the app. */
  readonly name: string
  /** On the page. */
  readonly label: string
  readonly required: boolean
}

/** Who may register, besides those whom the users file lists. */
export interface RegistrationConfig {
  /** Whoever has an e-mail address. */
  readonly open: boolean
  readonly domains: readonly string[]
  readonly emails: readonly string[]
  readonly fields: readonly FieldConfig[]
  /** What those who register may do. */
  readonly roles: readonly string[]
}

/** Coming in without an account. */
export interface GuestConfig {
  readonly roles: readonly string[]
}

export interface SelfServiceConfig {
  /** `null`: nobody can be reached, so that nobody registers and no password is forgotten. */
  readonly mail: MailConfig | null
  readonly registration: RegistrationConfig | null
  readonly guest: GuestConfig | null
}

/** What one source of configuration says of it. */
export interface SelfServiceInput {
  readonly mail?: { readonly url?: URL; readonly from?: string }
  readonly registration?: {
    readonly open?: boolean
    readonly domains?: readonly string[]
    readonly emails?: readonly string[]
    readonly fields?: readonly {
      readonly name: string
      readonly label: string
      readonly required?: boolean
    }[]
    readonly roles?: readonly string[]
  }
  readonly guest?: { readonly roles?: readonly string[] }
}

const mailWanted =
  'the address of a mail server such as smtps://user@mail.example.org, or smtp:// with STARTTLS'

// Not `text`, which says what stood there: people write the password into it.
const mailUrl = pipe(
  string(`must be ${mailWanted}`),
  rawTransform<string, URL>(({ dataset, addIssue, NEVER }) => {
    const url = URL.parse(dataset.value)
    const isMail = url !== null && /^smtps?:$/.test(url.protocol) && url.hostname !== ''
    if (url === null || !isMail || `${url.search}${url.hash}` !== '' || !/^\/?$/.test(url.pathname)) {
      addIssue({ message: `must be ${mailWanted}` })
      return NEVER
    }
    if (url.password === '') return url
    addIssue({ message: 'must not hold the password: set HOLDFAST_MAIL_PASSWORD in the environment' })
    return NEVER
  }),
)

const mailFrom = text(
  (input) => (readFrom(input) === null ? null : input.trim()),
  'an address such as no-reply@example.org, or Our app <no-reply@example.org>',
)

/** The name and the address of a sender; `null` if it is none. */
export function readFrom(text: string): { readonly name: string; readonly address: string } | null {
  const [, name = '', inside] = /^([^<>"\p{Cc}]{0,100}?)\s*<([^<>]*)>$/u.exec(text.trim()) ?? []
  const address = canonicalEmail(inside ?? text)
  return address === null ? null : { name: name.trim(), address }
}

const domain = text((input) => {
  const name = input.trim().toLowerCase()
  return canonicalEmail(`a@${name}`) === null ? null : name
}, 'the domain of e-mail addresses such as example.org')

const email = text(canonicalEmail, 'an e-mail address such as anna@example.org')

const fieldWord = text(
  (input) => (fieldName.test(input) ? input : null),
  'a word of at most 32 small letters, digits and _, such as company',
)

const field = section(
  { name: fieldWord, label: someText, required: exactOptional(onOff) },
  'a map with `name` and `label`',
)

const role = text(
  (input) => (input.trim() === input && input !== '' && !/[,\p{Cc}]/u.test(input) ? input : null),
  'the name of a role, without commas',
)
const roles = array(role, 'must be a list of roles')

/** `mail`. */
export const mail: GenericSchema<object, NonNullable<SelfServiceInput['mail']>> = section(
  { url: exactOptional(mailUrl), from: exactOptional(mailFrom) },
  'a map with `url` and `from`',
)

/** `registration`. */
export const registration: GenericSchema<object, NonNullable<SelfServiceInput['registration']>> = section(
  {
    open: exactOptional(onOff),
    domains: exactOptional(array(domain, 'must be a list of domains such as [example.org]')),
    emails: exactOptional(array(email, 'must be a list of e-mail addresses')),
    fields: exactOptional(
      pipe(
        array(field, 'must be a list of maps, each with `name` and `label`'),
        maxLength(20, 'must be at most 20: nobody fills in more'),
      ),
    ),
    roles: exactOptional(roles),
  },
  'a map with `open`, `domains` or `emails`',
)

/** `guest`. */
export const guest: GenericSchema<object, NonNullable<SelfServiceInput['guest']>> = section(
  { roles: exactOptional(roles) },
  'a map; an empty one is `{}`',
)

/** With what holds where nothing is said. */
export function selfServiceConfig(
  { mail: by, registration: may, guest: as }: SelfServiceInput,
  variables: Readonly<Record<string, string | undefined>>,
): SelfServiceConfig {
  const password = variables.HOLDFAST_MAIL_PASSWORD ?? ''
  return {
    mail:
      by?.url === undefined || by.from === undefined
        ? null
        : { url: by.url, from: by.from, password: password === '' ? null : password },
    registration: may === undefined ? null : filled(may),
    guest: as === undefined ? null : { roles: as.roles ?? [] },
  }
}

function filled(said: NonNullable<SelfServiceInput['registration']>): RegistrationConfig {
  const { open = false, domains = [], emails = [], fields = [], roles: given = [] } = said
  return {
    ...{ open, domains, emails, roles: given },
    fields: fields.map(({ name, label, required = false }) => ({ name, label, required })),
  }
}

/** What is said of it without the rest that it needs, or against itself. */
export function selfServiceFaults(
  { mail: by, registration: may }: SelfServiceInput,
  config: { readonly users: string | null },
): string[] {
  const faults: string[] = []
  if (by !== undefined && by.url === undefined)
    faults.push('mail needs `url`: the server that mail is handed to.')
  if (by !== undefined && by.from === undefined) faults.push('mail needs `from`: the address it comes from.')
  if (may === undefined) return faults
  if (config.users === null) faults.push('registration needs `users`: a users file that people are added to.')
  // An address that nobody proved is anybody's: that of a colleague, or one of those who may register.
  if (by === undefined)
    faults.push('registration needs `mail`: a link shows that an e-mail address is theirs.')
  if (may.open === true && ((may.domains ?? []).length > 0 || (may.emails ?? []).length > 0))
    faults.push('registration: `open` lets everybody in; drop it, or drop `domains` and `emails`.')
  const names = (may.fields ?? []).map(({ name }) => name)
  for (const name of names.filter((one, index) => names.indexOf(one) !== index))
    faults.push(`registration.fields: two are named ${name}. Give each a name of its own.`)
  return faults
}
