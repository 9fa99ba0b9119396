/** Links that do one thing once: what they are for is sealed in them, so that asking for one stores nothing. */
import type { Json, JsonObject, SessionStore } from '../../core/contracts.ts'
import {
  digest,
  fromBase64url,
  fromUtf8,
  open,
  random,
  seal,
  toBase64url,
  toUtf8,
} from '../../core/crypto.ts'

/** What a link is for; one for the one is worthless for the other. */
export type LinkPurpose = 'register' | 'reset-password' | 'change-email'

export interface OneTimeLinks {
  /** A token that stands for this content for half an hour. */
  issue(purpose: LinkPurpose, content: JsonObject): string
  /** What a token stands for; `null` for one of another purpose, too old, or not ours. Does not use it up. */
  read(purpose: LinkPurpose, token: string): JsonObject | null
  /** Uses a token up: `true` once, whoever asks, on whatever replica. Rejects with `StoreError` when it cannot tell. */
  use(purpose: LinkPurpose, token: string): Promise<boolean>
}

export interface OneTimeLinksOptions {
  readonly store: Pick<SessionStore, 'once'>
  /** For this alone; the same on every replica. */
  readonly key: Uint8Array
  /** The app's name: apps that share a store do not take each other's links. */
  readonly app: string
  readonly now: () => number
}

/** How long a link is good for, in milliseconds. The throttle of mail counts on it: see `mailBudgets`. */
export const linkLifetime: number = 30 * 60_000
// Replicas' clocks may differ: what one has used up, another must not find fresh.
const skew = 60_000
const longest = 2048

/** SECURITY: the token is sealed by a key that never leaves the servers, and holds 256 random bits besides. */
export function oneTimeLinks({ store, key, app, now }: OneTimeLinksOptions): OneTimeLinks {
  const bound = (purpose: LinkPurpose): string => `link/v1|${JSON.stringify([purpose, app])}`

  const opened = (purpose: LinkPurpose, token: string): Sealed | null => {
    // Canonical base64url only: two spellings of one token would be used once each.
    const box = token.length > longest ? null : fromBase64url(token)
    const plain = box === null ? null : open(key, box, bound(purpose))
    if (plain === null) return null
    const sealed = JSON.parse(fromUtf8(plain)) as Sealed
    return now() < sealed.until ? sealed : null
  }

  return {
    issue(purpose, content) {
      const sealed: Sealed = { id: toBase64url(random(32)), until: now() + linkLifetime, content }
      return toBase64url(seal(key, toUtf8(JSON.stringify(sealed)), bound(purpose)))
    },
    read: (purpose, token) => opened(purpose, token)?.content ?? null,
    async use(purpose, token) {
      const sealed = opened(purpose, token)
      return sealed !== null && store.once(`link:${digest(sealed.id)}`, sealed.until - now() + skew)
    },
  }
}

interface Sealed {
  readonly id: string
  readonly until: number
  readonly content: JsonObject
}

/** A text of a link's content; `''` if there is none. */
export function textOf(content: JsonObject, name: string): string {
  const value: Json | undefined = content[name]
  return typeof value === 'string' ? value : ''
}
