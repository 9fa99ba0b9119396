/** What express-session was told, held against what Holdfast's sessions are: nothing is passed over in silence. */
import type { CookieFacts } from '../core/cookie.ts'
import { ConfigError } from '../core/errors.ts'
import type { Policy } from '../core/policy.ts'
import { checkCookie, type LegacyCookieOptions, maxAgeOf } from './legacy-cookie.ts'
import type { LegacyData } from './legacy-session.ts'
import type { Person } from './request-session.ts'

/** Who is signed in by what the app keeps; `null` if nobody is. */
export type PersonOf = (data: Readonly<LegacyData>) => Person | null

/** What `session` may be told. Throws `ConfigError` (`ERR_CONFIG_INVALID`) for what cannot be so, and says what to do. */
export interface ExpressSessionOptions<Request = unknown> {
  /**
   * Who is signed in, by what the app or its middleware keeps in `req.session`. Then a sign-in by them is one of
   * Holdfast's: a new session, that can be listed, revoked, and asked for by `requireSignIn`. For Passport:
   * `({ passport }) => (passport?.user === undefined ? null : { userId: String(passport.user) })`. @default null
   */
  readonly personOf?: PersonOf | null | undefined
  /** How long sessions live, and what the cookie is expected to be; or a function that says it of each request. */
  readonly cookie?: LegacyCookieOptions | ((request: Request) => LegacyCookieOptions) | undefined
  /** Whether each response carries the cookie again, so that it lasts `maxAge` from then on. @default false */
  readonly rolling?: boolean | undefined
  /**
   * Whether every request without a session is given one, bots' and health checks' too: each costs a write to the store.
   * @default false
   */
  readonly saveUninitialized?: boolean | undefined
  /** Whether `req.session = null` ends the session, or leaves it as it was. @default 'keep' */
  readonly unset?: 'destroy' | 'keep' | undefined
  /** Changes nothing: what changed is saved, and deadlines move by themselves. */
  readonly resave?: boolean | undefined
  /** Changes nothing: `origin` says how browsers come here. */
  readonly proxy?: boolean | undefined
}

/** What is known of the sessions that the options are for. */
export interface LegacyFacts {
  readonly cookie: CookieFacts
  readonly policy: Policy
}

const elsewhere: Readonly<Record<string, string>> = {
  secret: 'Give it to createSessions({ secret }): at least 32 random bytes, the same for every process.',
  store:
    'Give createSessions({ store }) one of sqliteStore, redisStore, postgresStore, memoryStore. What a store for ' +
    'express-session holds, holdfast/import reads.',
  name: 'The cookie is named after origin; createSessions({ name }) tells the apps of one host apart.',
  key: 'The cookie is named after origin; createSessions({ name }) tells the apps of one host apart.',
  genid: 'Ids must be random, and nobody but the engine makes them. Keep a name of your own in req.session.',
}

type Check = (value: unknown) => boolean

const isFlag: Check = (value) => typeof value === 'boolean'
const isMade: Check = (value) => typeof value === 'function'

/** What each option must be. */
const known: Readonly<Record<string, readonly [must: string, isSound: Check]>> = {
  personOf: ['It must be a function, or null.', (value) => value === null || isMade(value)],
  cookie: [
    'It must be an object or a function.',
    (value) => isMade(value) || (typeof value === 'object' && value !== null),
  ],
  unset: ["It must be 'destroy' or 'keep'.", (value) => value === 'destroy' || value === 'keep'],
  rolling: ['It must be true or false.', isFlag],
  saveUninitialized: ['It must be true or false.', isFlag],
  resave: ['It must be true or false.', isFlag],
  proxy: ['It must be true or false.', isFlag],
}

/** Throws `ConfigError` (`ERR_CONFIG_INVALID`) for options that would not be kept. */
export function checkOptions(options: ExpressSessionOptions<never>, facts: LegacyFacts): void {
  // express-session took its options first, and so does code that is on its way here.
  if (typeof facts?.policy !== 'object')
    refuse('…', 'session(sessions, options) begins with what createSessions gave.')
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue
    const [must, isSound] = (Object.hasOwn(known, name) && known[name]) || [elsewhereOf(name), () => false]
    if (!isSound(value)) refuse(name, must)
  }
  const { cookie, personOf } = options
  if (cookie === undefined || typeof cookie === 'function') return
  checkCookie({ ...cookie }, facts.cookie, 'session({ cookie })')
  checkMaxAge(maxAgeOf(cookie, Date.now()), typeof personOf === 'function', facts.policy)
}

function elsewhereOf(name: string): string {
  return (Object.hasOwn(elsewhere, name) && elsewhere[name]) || 'There is no such option.'
}

function checkMaxAge(maxAge: number | null, hasPeople: boolean, policy: Policy): void {
  if (maxAge === null) return
  if (maxAge <= 0) refuse('cookie.maxAge', 'No session would live to see a second request.')
  const kind = hasPeople ? 'remember' : 'anonymous'
  const most = policy[kind].idle
  if (maxAge <= most) return
  const people = hasPeople ? '' : ', or say by personOf who is signed in'
  refuse(
    'cookie.maxAge',
    `${maxAge} ms is more than the ${most} ms that a session may live unused. For longer ones say createSessions({ ` +
      `policy: { ${kind}: { idle, absolute } } })${people}.`,
  )
}

function refuse(name: string, why: string): never {
  throw new ConfigError('ERR_CONFIG_INVALID', `session({ ${name} }): ${why}`)
}
