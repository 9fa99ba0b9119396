/** How long a session lives: pure decisions over instants. */
import { ConfigError } from './errors.ts'
import { type AccountLimit, whenMoreWords } from './session-limit.ts'

/** Two limits, in milliseconds: without activity, and in all. */
export interface Limits {
  readonly idle: number
  readonly absolute: number
}

/** Limits for a session of the open browser, and for one that was asked to stay. */
export interface Policy {
  readonly session: Limits
  readonly remember: Limits
  /** For a browser nobody signed in with. */
  readonly anonymous: Limits
  /** After how long a token is replaced at the next document. */
  readonly rotateAfter: number
  /** How many sessions an account may have at once. @default as many as there are */
  readonly perAccount?: AccountLimit
}

/** NIST SP 800-63B-4 authenticator assurance levels whose session limits a profile sets. */
export type Profile = 'aal1' | 'aal2' | 'aal3'

// All of a user's are looked at where one more is made.
const mostSessions = 1000
const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

/** What holds unless it is configured otherwise. */
export const defaultPolicy: Policy = {
  session: { idle: 12 * hour, absolute: 24 * hour },
  remember: { idle: 14 * day, absolute: 30 * day },
  anonymous: { idle: 24 * hour, absolute: 24 * hour },
  rotateAfter: day,
}

// SP 800-63B-4 §2.1.3, §2.2.3, §2.3.3: overall limit, then inactivity limit.
const ceilings: Readonly<Record<Profile, Limits>> = {
  aal1: { absolute: 30 * day, idle: 30 * day },
  aal2: { absolute: day, idle: hour },
  aal3: { absolute: 12 * hour, idle: 15 * minute },
}

/** The policy with every limit cut down to what the profile allows. */
export function underProfile(policy: Policy, profile: Profile): Policy {
  const ceiling = ceilings[profile]
  const cut = (limits: Limits): Limits => ({
    idle: Math.min(limits.idle, ceiling.idle),
    absolute: Math.min(limits.absolute, ceiling.absolute),
  })
  return { ...policy, session: cut(policy.session), remember: cut(policy.remember) }
}

/** Refuses limits and intervals nobody can mean. Throws `ConfigError` (`ERR_CONFIG_INVALID`). */
export function checkPolicy(policy: Policy): void {
  for (const name of ['session', 'remember', 'anonymous'] as const) {
    const { idle, absolute } = policy[name]
    const sound = Number.isFinite(idle) && Number.isFinite(absolute) && idle >= minute && absolute >= idle
    // Stores keep whole ones: else each sign-in would fail, and not the start.
    if (sound && !(Number.isInteger(idle) && Number.isInteger(absolute))) {
      throw new ConfigError(
        'ERR_CONFIG_INVALID',
        `session limits (${name}): idle ${idle} ms, absolute ${absolute} ms. Each must be a whole number of milliseconds.`,
      )
    }
    if (sound && absolute <= 400 * day) continue
    throw new ConfigError(
      'ERR_CONFIG_INVALID',
      `session limits (${name}): idle ${idle / 1000} s, absolute ${absolute / 1000} s. Idle must be at least 60 s, ` +
        'absolute at least idle and at most 400 days (browsers keep no cookie longer).',
    )
  }
  const { most, whenMore } = policy.perAccount ?? { most: 1, whenMore: 'allow' }
  if (!whenMoreWords.includes(whenMore)) {
    throw new ConfigError('ERR_CONFIG_INVALID', `session.whenMore: it must be ${whenMoreWords.join(', ')}.`)
  }
  if (!Number.isSafeInteger(most) || most < 1 || most > mostSessions) {
    throw new ConfigError('ERR_CONFIG_INVALID', `session.most: ${most}. It must be 1 to ${mostSessions}.`)
  }
  if (policy.rotateAfter >= minute) return
  throw new ConfigError(
    'ERR_CONFIG_INVALID',
    `rotateAfter: ${policy.rotateAfter / 1000} s. It must be at least 60 s: tabs still present the last token for 30 s.`,
  )
}

/** Whether a session with these deadlines is over. The instant of the deadline itself is over. */
export function isOver(
  deadlines: { readonly idleAt: number; readonly absoluteAt: number },
  now: number,
): boolean {
  // Written so that a deadline that is no number is over too.
  return !(now < deadlines.idleAt && now < deadlines.absoluteAt)
}

/**
 * The idle deadline that activity now should bring, or `null` while it is not worth a write: at most one touch per
 * tenth of the idle window, spread by `jitter` (0 to 1) over another twentieth, so that many tabs that woke together do
 * not write together. A session can end up to 3/20 of its idle window early, never late; its absolute limit is exact.
 */
export function touchDue(
  deadlines: { readonly idleAt: number; readonly absoluteAt: number },
  idle: number,
  now: number,
  jitter: number,
): number | null {
  const next = Math.min(now + idle, deadlines.absoluteAt)
  // The last touch is always worth it: else whoever is active to the end would be out early.
  const least = next === deadlines.absoluteAt ? 1 : idle * (0.1 + 0.05 * jitter)
  return next - deadlines.idleAt >= least ? next : null
}
