/** What an app says of its sessions, and what follows from it. */
import type { SessionStore } from '../core/contracts.ts'
import { random, toBase64url } from '../core/crypto.ts'
import { ConfigError } from '../core/errors.ts'
import type { EventListener } from '../core/events.ts'
import { defaultPolicy, type Policy, type Profile, underProfile } from '../core/policy.ts'
import type { StateLimits } from '../core/state.ts'
import type { Incoming } from './incoming.ts'
import type { SchemasOf } from './value-schemas.ts'

/** What an app says of its sessions. */
export interface SessionsOptions<Data extends object> {
  /** Where sessions are kept: what `sqliteStore`, `redisStore`, `postgresStore` or `memoryStore` gave, awaited or not. */
  readonly store: SessionStore | Promise<SessionStore>
  /**
   * At least 32 random bytes, the same for every process on the store. Several, newest first, as a list or separated by
   * commas: the first is used from now on, the others still open what they closed. Only a memory store does without.
   */
  readonly secret?: string | readonly string[] | undefined
  /** Scheme, host and port as browsers show them: `https://app.example.org`, `http://localhost:3000`. */
  readonly origin: string
  /** Tells the apps of one host or one store apart. @default '' */
  readonly name?: string
  /** Holds what is set and read against a schema of any library that speaks Standard Schema. */
  readonly schemas?: SchemasOf<Data>
  /** How long sessions live, in milliseconds, and after how long a token is replaced. @default defaultPolicy */
  readonly policy?: Partial<Policy>
  /** Cuts all limits to those of a NIST SP 800-63B assurance level. */
  readonly profile?: Profile
  /** How large values and scopes may be. @default 1 MiB a value, 8 MiB a scope */
  readonly state?: Partial<StateLimits>
  /** The path of the page that signs people in: navigations that need someone signed in are sent there. */
  readonly signInPage?: string
  /** Whether pages of other sites may embed the app (SameSite=None; Partitioned). @default false */
  readonly embedded?: boolean
  /**
   * Whether the cookie comes along when somebody follows a link on another site (`lax`). With `strict` they arrive signed
   * out, and are in again from the second click on. @default 'lax'
   */
  readonly sameSite?: 'lax' | 'strict'
  /** Accepts an origin without TLS beyond this machine: every session travels in the clear. @default false */
  readonly insecureHttp?: boolean
  /**
   * Whether requests of other origins are refused that could change something. Say no for what is not signed in by a
   * cookie, such as webhooks. @default () => true
   */
  readonly isGuarded?: (incoming: Incoming) => boolean
  /** Told of everything that happens to sessions, for logs, audit and metrics. MUST NOT throw. */
  readonly onEvent?: EventListener
  /** @default Date.now */
  readonly now?: () => number
}

/** Where browsers find the app. */
export interface Site {
  readonly origin: string
  readonly secure: boolean
  readonly port: number
}

const loopback = new Set(['localhost', '127.0.0.1', '[::1]'])

/** Throws `ConfigError` (`ERR_CONFIG_INVALID`) for an origin that is none, or that would give sessions away. */
export function siteOf(options: Pick<SessionsOptions<object>, 'origin' | 'insecureHttp'>): Site {
  const { origin } = options
  const url = URL.canParse(origin) ? new URL(origin) : null
  if (url === null || url.origin !== origin.replace(/\/$/, '') || !/^https?:$/.test(url.protocol)) {
    throw invalid(
      `origin ${JSON.stringify(origin)}: write scheme, host and port alone, as in https://app.example.org.`,
    )
  }
  const secure = url.protocol === 'https:'
  if (!secure && !loopback.has(url.hostname) && options.insecureHttp !== true) {
    throw invalid(
      `origin ${origin}: plain http beyond this machine sends every session in the clear. Put TLS in front and say ` +
        'https://…, or accept that with insecureHttp: true.',
    )
  }
  const usual = secure ? 443 : 80
  return { origin: url.origin, secure, port: url.port === '' ? usual : Number(url.port) }
}

/** Newest first. Throws `ConfigError` (`ERR_SECRET_WEAK`) if there is none where sessions outlive the process. */
export function secretsOf(secret: SessionsOptions<object>['secret'], kind: string): readonly string[] {
  const given = typeof secret === 'string' ? secret.split(',') : (secret ?? [])
  const secrets = given.map((one) => one.trim()).filter((one) => one !== '')
  if (secrets.length > 0) return secrets
  // Nothing in it outlives this process either.
  if (kind === 'memory') return [toBase64url(random(32))]
  throw new ConfigError(
    'ERR_SECRET_WEAK',
    'secret: none was given. Make one with node -p "crypto.randomBytes(32).toString(\'base64url\')", keep it in the ' +
      'environment, and give it to every process on this store: secret: process.env.HOLDFAST_SECRET.',
  )
}

export function policyOf(options: Pick<SessionsOptions<object>, 'policy' | 'profile'>): Policy {
  const policy: Policy = { ...defaultPolicy, ...options.policy }
  return options.profile === undefined ? policy : underProfile(policy, options.profile)
}

function invalid(message: string): ConfigError {
  return new ConfigError('ERR_CONFIG_INVALID', message)
}
