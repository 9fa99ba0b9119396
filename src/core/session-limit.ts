/** How many sessions one user may have at once. */

/** What becomes of one session more than the limit, in the store. */
export interface SessionLimit {
  /** At least 1. */
  readonly most: number
  /** `refuse`: it is not created. `replace-oldest`: those created first end, as many as have to. */
  readonly whenFull: 'refuse' | 'replace-oldest'
  /** A session of the same user that this one takes the place of: it does not count, and ends in the same step. */
  readonly replacing?: string | null
}

/** Which sessions end for a new one: those that do not count any more, and those that give way. */
export interface Room<Seat> {
  readonly free: readonly Seat[]
  readonly replaced: readonly Seat[]
}

/** What has to end of a user's live sessions, oldest first, so that there is room for one more; `null`: there is none. */
export function roomFor<Seat extends { readonly sid: string }>(
  mine: readonly Seat[],
  { most, whenFull, replacing }: SessionLimit,
  isOver: (seat: Seat) => boolean,
): Room<Seat> | null {
  const isFree = (seat: Seat): boolean => seat.sid === replacing || isOver(seat)
  const counted = mine.filter((seat) => !isFree(seat))
  const excess = Math.max(0, counted.length - most + 1)
  if (excess > 0 && whenFull === 'refuse') return null
  return { free: mine.filter(isFree), replaced: counted.slice(0, excess) }
}

/**
 * What becomes of one session more than the most that an account may have. `allow`: there is no limit. `refuse`: nobody is
 * let in until there is room. `ask-to-take-over`: nor here, and whoever signs in is asked which session shall end.
 */
export type WhenMore = 'allow' | 'replace-oldest' | 'ask-to-take-over' | 'refuse'

/** The words for it, as configurations have them. */
export const whenMoreWords = ['allow', 'replace-oldest', 'ask-to-take-over', 'refuse'] as const

/** How many sessions an account may have at once. */
export interface AccountLimit {
  readonly most: number
  readonly whenMore: WhenMore
}

/** What a store is asked for; `null`: there is no limit. */
export function limitOf(account: AccountLimit | null | undefined): SessionLimit | null {
  if (account === null || account === undefined || account.whenMore === 'allow') return null
  return {
    most: account.most,
    whenFull: account.whenMore === 'replace-oldest' ? 'replace-oldest' : 'refuse',
  }
}
