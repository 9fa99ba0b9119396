/** What a configuration may say, whichever way it is said: one schema for the file, the environment and the options. */
import {
  array,
  check,
  custom,
  exactOptional,
  type GenericSchema,
  lazy,
  maxLength,
  minLength,
  number,
  pipe,
  rawCheck,
  string,
  transform,
  union,
} from 'valibot'
import type { Profile } from '../core/policy.ts'
import { type WhenMore, whenMoreWords } from '../core/session-limit.ts'
import type { Access, AccessRule } from './access.ts'
import type { PresetChoice } from './config.ts'
import { readApiUrl, readListen, readUpstream } from './config-address.ts'
import { guest, mail, registration, type SelfServiceInput } from './config-self-service.ts'
import { duration, isMap, oneOf, onOff, section, someText, text } from './config-value.ts'

const path = text((input) => (input === '' || input.includes('\0') ? null : input), 'the path of a file')

const listen = pipe(
  union([string(), number()], 'must be an address and a port such as 127.0.0.1:8080, or a port'),
  transform(String),
  text(readListen, 'an address and a port such as 127.0.0.1:8080, 0.0.0.0:8080 or [::1]:8080'),
)

// `form` would give the session the name of the cookie that guards the sign-in form, for this app or another.
const name = text(
  (input) => (/^(?!.*(?:^|-)form$)[a-z\d]+(?:-[a-z\d]+)*$/.test(input) && input.length <= 32 ? input : null),
  'a word of at most 32 small letters, digits and single dashes, that does not end in "form"',
)

const store = text(
  (input) =>
    /^(?:memory:$|sqlite:.|rediss?(?:\+sentinel|\+cluster)?:\/\/.|postgres(?:ql)?:\/\/.)/.test(input)
      ? input
      : null,
  'sqlite:<path> (such as sqlite:.holdfast/holdfast.db), redis://…, postgres://… or memory:',
)

const rulePath = text(
  (input) =>
    /^\/(?:[^\s?#*\\]*\/)?(?:[^\s?#*\\/]+|\*)?$/.test(input) && !input.includes('//') ? input : null,
  'a path such as /admin, or /admin/* for it and all below',
)

const role = text(
  (input) => (input.trim() === input && input !== '' && !/[,\p{Cc}]/u.test(input) ? input : null),
  'the name of a role, without commas',
)

const rule = pipe(
  section(
    {
      path: rulePath,
      access: exactOptional(oneOf(['signed-in', 'anyone'])),
      roles: exactOptional(array(role, 'must be a list of roles')),
      factor: exactOptional(onOff),
      freshWithin: exactOptional(duration),
    },
    'a map with `path` and what it asks for: `access`, `roles`, `factor` or `freshWithin`',
  ),
  rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return
    const { access, roles = [], factor = false, freshWithin } = dataset.value
    const proof = factor || freshWithin !== undefined
    if (access === undefined && roles.length === 0 && !proof)
      addIssue({ message: 'needs `access`, `roles`, `factor` or `freshWithin`: it says nothing yet' })
    if (access === 'anyone' && proof)
      addIssue({ message: 'cannot let anyone in and ask who they are: drop `access`, or what it asks for' })
    if (access === 'anyone' && roles.length > 0) {
      addIssue({ message: 'cannot let anyone in and ask for roles: drop `access`, or drop `roles`' })
    }
  }),
)

const address = text(readUpstream, 'the address of the app such as http://127.0.0.1:8501, without a path')
const mostInstances = 64

const instances = pipe(
  array(address),
  minLength(1, 'must name the app'),
  maxLength(mostInstances, `must be at most ${mostInstances} instances of the app`),
  check(
    (urls) => new Set(urls.map(({ origin }) => origin)).size === urls.length,
    'must not name an instance twice',
  ),
)

// One address, or a list of the app's instances.
const upstream = lazy(
  (input): GenericSchema<unknown, URL[]> =>
    Array.isArray(input)
      ? (instances as GenericSchema<unknown, URL[]>)
      : (pipe(
          address,
          transform((url) => [url]),
        ) as GenericSchema<unknown, URL[]>),
)

// From the environment and the command line it comes as a text.
const count = pipe(
  union([number(), string()], 'must be a number such as 3'),
  transform(String),
  text((input) => (/^[1-9]\d{0,2}$/.test(input.trim()) ? Number(input) : null), 'a number from 1 to 999'),
)

const limits = { idle: exactOptional(duration), absolute: exactOptional(duration) }

const session = section(
  {
    ...limits,
    remember: exactOptional(section(limits, 'a map with `idle` and `absolute`')),
    anonymous: exactOptional(section(limits, 'a map with `idle` and `absolute`')),
    rotateAfter: exactOptional(duration),
    most: exactOptional(count),
    whenMore: exactOptional(oneOf(whenMoreWords)),
  },
  'a map with `idle` and `absolute`',
)

const apiUrl = text(
  readApiUrl,
  'the address of an API such as https://id.example.org/sign-in; http:// only on this machine, for it is sent passwords',
)

const loginApi = section(
  {
    url: exactOptional(apiUrl),
    verifyUrl: exactOptional(apiUrl),
    verifyEvery: exactOptional(duration),
  },
  'a map with `url`, `verifyUrl` and `verifyEvery`',
)

const claimValues = array(someText, 'must be a list of values such as [mfa, otp]')

const oidc = section(
  {
    name: text(
      (input) => (/^[a-z\d]+(?:-[a-z\d]+)*$/.test(input) && input.length <= 32 ? input : null),
      'a word of at most 32 small letters, digits and single dashes, such as google',
    ),
    label: exactOptional(someText),
    issuer: apiUrl,
    clientId: someText,
    scopes: exactOptional(array(someText, 'must be a list of scopes such as [openid, email, profile]')),
    rolesClaim: exactOptional(someText),
    trustEmail: exactOptional(onOff),
    verifyEvery: exactOptional(duration),
    secondFactor: exactOptional(
      section(
        { acr: exactOptional(claimValues), amr: exactOptional(claimValues) },
        'a map with `acr` or `amr`',
      ),
    ),
  },
  'a map with `name`, `issuer` and `clientId`',
)

const admin = section(
  {
    listen: exactOptional(listen),
    publicUrl: exactOptional(string('must be a URL such as https://admin.example.org')),
    roles: exactOptional(pipe(array(role, 'must be a list of roles'), minLength(1, 'must name a role'))),
  },
  'a map with `listen`, `publicUrl` and `roles`',
)

const wordsWanted = 'must be a list of words such as [streamlit, run, app.py]'
const word = string(wordsWanted)
const cidrWanted = 'must be a list of CIDRs such as [10.0.0.0/8]'

/** The limits that one source of configuration states, in milliseconds. */
export interface LimitsInput {
  readonly idle?: number
  readonly absolute?: number
}

/** An identity provider, as one source of configuration states it. */
export interface OidcInput {
  readonly name: string
  readonly label?: string
  readonly issuer: URL
  readonly clientId: string
  readonly scopes?: readonly string[]
  readonly rolesClaim?: string
  readonly trustEmail?: boolean
  readonly verifyEvery?: number
  readonly secondFactor?: { readonly acr?: readonly string[]; readonly amr?: readonly string[] }
}

/** What one source of configuration says: only what is there, checked and read. */
export interface ConfigInput extends SelfServiceInput {
  readonly listen?: { readonly host: string; readonly port: number }
  readonly publicUrl?: string
  readonly insecureHttp?: boolean
  /** Every instance of the app. */
  readonly upstream?: readonly URL[]
  readonly command?: readonly string[]
  readonly preset?: PresetChoice
  readonly startTimeout?: number
  readonly name?: string
  readonly store?: string
  readonly stateListen?: { readonly host: string; readonly port: number }
  readonly secretFile?: string
  readonly users?: string
  readonly loginApi?: {
    readonly url?: URL
    readonly verifyUrl?: URL
    readonly verifyEvery?: number
  }
  readonly oidc?: readonly OidcInput[]
  readonly import?: object
  readonly admin?: {
    readonly listen?: { readonly host: string; readonly port: number }
    readonly publicUrl?: string
    readonly roles?: readonly string[]
  }
  readonly access?: Access
  readonly rules?: readonly AccessRule[]
  readonly documentsOnly?: boolean
  readonly secondFactor?: 'optional' | 'required'
  readonly profile?: Profile
  readonly session?: LimitsInput & {
    readonly remember?: LimitsInput
    readonly anonymous?: LimitsInput
    readonly rotateAfter?: number
    readonly most?: number
    readonly whenMore?: WhenMore
  }

  readonly trustProxy?: readonly string[]
  readonly log?: 'json' | 'pretty'
}

/** The whole of it. Every key may be left out; nothing else may be there. */
export const configSchema: GenericSchema<unknown, ConfigInput> = section(
  {
    listen: exactOptional(listen),
    publicUrl: exactOptional(string('must be a URL such as https://apps.example.org/tool')),
    insecureHttp: exactOptional(onOff),
    upstream: exactOptional(upstream),
    command: exactOptional(pipe(array(word, wordsWanted), minLength(1, wordsWanted))),
    preset: exactOptional(oneOf(['auto', 'streamlit', 'generic'])),
    startTimeout: exactOptional(duration),
    name: exactOptional(name),
    store: exactOptional(store),
    stateListen: exactOptional(listen),
    secretFile: exactOptional(path),
    users: exactOptional(path),
    loginApi: exactOptional(loginApi),
    oidc: exactOptional(array(oidc, 'must be a list of maps, each with `name`, `issuer` and `clientId`')),
    mail: exactOptional(mail),
    registration: exactOptional(registration),
    guest: exactOptional(guest),
    import: exactOptional(custom<object>(isMap, 'must be a map with `switchedAt`, `acceptUntil` and `from`')),
    admin: exactOptional(admin),
    access: exactOptional(oneOf(['signed-in', 'anyone'])),
    rules: exactOptional(array(rule, 'must be a list of maps, each with `path` and `access` or `roles`')),
    documentsOnly: exactOptional(onOff),
    secondFactor: exactOptional(oneOf(['optional', 'required'])),
    profile: exactOptional(oneOf(['aal1', 'aal2', 'aal3'])),
    session: exactOptional(session),
    trustProxy: exactOptional(array(string(cidrWanted), cidrWanted)),
    log: exactOptional(oneOf(['pretty', 'json'])),
  },
  'a map of settings, such as `listen: 127.0.0.1:8080`',
)
