/** How long one session lives, where an app says so for each: as long as the policy allows, and never longer. */
import type { Limits, Policy } from './policy.ts'
import type { Session, Shown } from './session.ts'

/** What an app asks for. */
export interface Lasting {
  /** How long without activity, in milliseconds. */
  readonly idle: number
  /** Whether its cookie outlives the browser. */
  readonly remember: boolean
}

/** What may change of a session when its token does. */
export type Change = Shown & { readonly lasting?: Lasting | undefined }

type Lives = Pick<Session, 'identity' | 'absoluteAt'>

/** The most that the policy allows a session. */
export function limitsFor(policy: Policy, isSignedIn: boolean, remember: boolean): Limits {
  if (!isSignedIn) return policy.anonymous
  return remember ? policy.remember : policy.session
}

/** What becomes of a session from now on, if something is asked. Its absolute deadline stays: nothing moves that. */
export function lastingFrom(
  policy: Policy,
  { identity, absoluteAt }: Lives,
  asked: Lasting | undefined,
  now: number,
): Partial<Pick<Session, 'idle' | 'idleAt' | 'remember'>> {
  if (asked === undefined) return {}
  const { remember } = asked
  // An app's own arithmetic may leave parts of milliseconds; stores keep whole ones.
  const idle = Math.floor(Math.min(asked.idle, limitsFor(policy, identity !== null, remember).idle))
  return { idle, remember, idleAt: Math.min(now + idle, absoluteAt) }
}
