/** What a history says about when sessions began and ended. */
import { type Fault, type History, isEmptied, type Operation } from './history.ts'

/** What is known of a session's end. */
export interface Life {
  readonly session: string
  readonly user: string | null
  /** The sign-in, or the first answer of an anonymous session. */
  readonly made: Operation
  /** The first acknowledgement that it has ended; `null`: there was none. */
  readonly ended: Operation | null
  /** When the first attempt to end it began, whether or not that was answered; infinite if there was none. */
  readonly endangered: number
}

function isEnding({ act, replaces }: Operation): boolean {
  return act === 'sign-out' || act === 'revoke' || isWide(act) || replaces !== null
}

/** Whether it ends the sessions of a user, or everybody's: whoever is there, and whoever signs in just then or not. */
export function isWide(act: Operation['act']): boolean {
  return act === 'revoke-user' || act === 'revoke-all'
}

function mayEnd(ending: Operation, made: Operation): boolean {
  if (isWide(ending.act))
    return (ending.act === 'revoke-all' || ending.user === made.user) && made.began < ending.ended
  return (ending.act === 'sign-in' ? ending.replaces : ending.session) === made.session
}

/** Whoever signed in while they, or everybody, were being revoked may be in or out. */
function mustEnd(ending: Operation, made: Operation): boolean {
  return ending.outcome === 'ok' && (!isWide(ending.act) || made.ended < ending.began)
}

/** Every session that was ever let in, by its name. */
export function livesOf({ operations }: Pick<History, 'operations'>): ReadonlyMap<string, Life> {
  const endings = operations.filter(isEnding)
  const lives = new Map<string, Life>()
  for (const made of operations) {
    const { session, act, outcome } = made
    const isMade = (act === 'sign-in' || act === 'begin') && outcome === 'ok'
    if (session === null || !isMade || lives.has(session)) continue
    const possible = endings.filter((ending) => mayEnd(ending, made))
    const sure = possible.filter((ending) => mustEnd(ending, made))
    const [first = null] = sure.toSorted((one, other) => one.ended - other.ended)
    const endangered = Math.min(...possible.map(({ began }) => began))
    lives.set(session, { session, user: made.user, made, ended: first, endangered })
  }
  return lives
}

const lettingIn: ReadonlySet<Operation['act']> = new Set(['begin', 'use', 'write', 'count', 'read', 'rotate'])

/** Whether the answer let the session in. */
export function isLetIn({ act, outcome }: Operation): boolean {
  return outcome === 'ok' && lettingIn.has(act)
}

/**
 * Whether the store was emptied since an anonymous session began: its credential needs no row, so that it begins anew, as
 * nobody's, with nothing in it.
 */
export function mayBeginAnew(life: Life | undefined, now: Operation, faults: readonly Fault[]): boolean {
  return life !== undefined && life.user === null && isEmptied(faults, life.made, now)
}
