/**
 * Look-ups that are under way, shared by whoever asks for the same meanwhile: after a restart a page, its files and its
 * sockets come at once, with one credential that this process does not know yet.
 */
import type { Loaded } from './lookup.ts'
import type { SessionCache } from './session-cache.ts'

type Found = Loaded | 'over' | null

/** Answers as `find`, or as one did that was asked the same and has not answered yet. */
export type SharedLookup = (digest: string, find: () => Promise<Found>) => Promise<Found>

interface UnderWay {
  readonly generation: number
  readonly found: Promise<Found>
}

/**
 * `isCurrent` says whether what this process keeps may be used: what is under way may be relied on just as what is kept.
 * Rejects as `find` does; all who share it are told the same.
 */
export function sharedLookup(
  cache: Pick<SessionCache, 'generation'>,
  isCurrent: () => boolean,
): SharedLookup {
  const underWay = new Map<string, UnderWay>()

  return async (digest, find) => {
    const other = underWay.get(digest)
    // The race: it was read, the session ends, that is acknowledged, and somebody asks before the reading is back. Asked in
    // this order: the look whether all was delivered may be what delivers it.
    if (other !== undefined && isCurrent() && other.generation === cache.generation) {
      const found = await other.found
      // That there is none yet is told of by no change: it may have begun since.
      if (found !== null) return found
    }
    const own = { generation: cache.generation, found: find() }
    underWay.set(digest, own)
    try {
      return await own.found
    } finally {
      if (underWay.get(digest) === own) underWay.delete(digest)
    }
  }
}
