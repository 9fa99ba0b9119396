/** From a token to its live session, through rotations. */
import type { SessionStore, StoredSession, Succession } from './contracts.ts'
import type { EventListener } from './events.ts'
import type { Keyring } from './keyring.ts'
import { isOver } from './policy.ts'
import { openSession, type Session } from './session.ts'
import { openSuccession } from './succession.ts'
import type { Token, TokenMint } from './token.ts'

/** A session, and the credential the client should hold from now on if it is another than the one presented. */
export interface Loaded {
  readonly session: Session
  readonly replacement: string | null
}

export interface SessionLookup {
  /** The live session of a token; `null` if it has none. Rejects with `StoreError` when the store cannot tell. */
  find(token: Token): Promise<Loaded | null>
  /** The same session as the store has it now, followed through rotations by id alone; `null` if it has ended. */
  refresh(session: Session): Promise<Session | null>
  /** The session in a row; `null`, and an event, for a row that does not open under its own identifiers. */
  opened(stored: StoredSession): Session | null
}

export interface SessionLookupOptions {
  readonly store: SessionStore
  readonly keyring: Keyring
  readonly mint: TokenMint
  readonly emit: EventListener
  readonly now: () => number
}

// Counted from the successor's first use, not from the rotation: a response that was lost must cost nothing.
const grace = 30_000
// How many rotations an old token is followed through; more than a grace can hold.
const longestChain = 4

export function sessionLookup({ store, keyring, mint, emit, now }: SessionLookupOptions): SessionLookup {
  const opened = (stored: StoredSession): Session | null => {
    const session = openSession(keyring, stored)
    if (session === null) emit({ event: 'record_rejected', sid: stored.sid })
    return session
  }

  const live = (stored: StoredSession): Session | null => {
    const session = opened(stored)
    const at = now()
    if (session === null || !isOver(session, at)) return session
    emit({
      event: 'session_expired',
      sid: session.sid,
      limit: at >= session.absoluteAt ? 'absolute' : 'idle',
    })
    return null
  }

  async function follow(old: Token, next: Succession, depth: number): Promise<Loaded | null> {
    const succession = openSuccession(keyring, old, next.sealedToken)
    if (succession === null) return null
    if (next.presentedAt !== null && now() >= next.presentedAt + grace) {
      // RFC 9700 §4.14.2: a replaced token that comes back after the grace means that two parties hold the session.
      await store.end(succession.sid)
      emit({ event: 'token_reused', sid: succession.sid })
      return null
    }
    return depth >= longestChain ? null : resolve(succession.token, depth + 1)
  }

  async function resolve(token: Token, depth: number): Promise<Loaded | null> {
    const id = mint.id(token)
    const found = await store.read(id)
    if (found === null) return null
    if (found.state === 'rotated') return follow(token, found.next, depth)
    const session = live(found.session)
    if (session === null) return null
    // Only the successor's own token, presented by the client, starts the clock of its predecessor.
    if (depth === 0 && session.version > 1) await store.present(id)
    return { session, replacement: depth === 0 ? null : mint.write(token) }
  }

  async function refresh(session: Session): Promise<Session | null> {
    let { id } = session
    for (let depth = 0; depth <= longestChain; depth++) {
      const found = await store.read(id)
      if (found === null) return null
      if (found.state === 'live') return live(found.session)
      id = found.next.id
    }
    return null
  }

  return { refresh, find: (token) => resolve(token, 0), opened }
}
