/** Tokens whose signature was verified: an ES256 check costs a hundred microseconds, a digest less than one. */
import type { JsonObject } from '../core/contracts.ts'

/** A bounded map from a token's digest to its claims. Says nothing of dates, audience or session: those are checked anew. */
export interface OpenedTokens {
  get(digest: string): JsonObject | undefined
  /** The oldest makes room. */
  put(digest: string, claims: JsonObject): void
}

export function openedTokens(capacity: number): OpenedTokens {
  const tokens = new Map<string, JsonObject>()
  return {
    get: (digest) => tokens.get(digest),

    put(digest, claims) {
      if (capacity < 1) return
      if (tokens.size >= capacity) {
        const [oldest = ''] = tokens.keys()
        tokens.delete(oldest)
      }
      tokens.set(digest, claims)
    },
  }
}
