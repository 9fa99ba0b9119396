/** From a token to its live session, through rotations. */
import type { SessionStore, StoredSession, Succession } from './contracts.ts'
import type { EventListener, SessionEvent } from './events.ts'
import type { Keyring } from './keyring.ts'
import { isOver } from './policy.ts'
import { dataKeyOf } from './record.ts'
import { openSession, type Session } from './session.ts'
import { openSuccession } from './succession.ts'
import type { Token, TokenMint } from './token.ts'

/** A session, and the credential the client should hold from now on if it is another than the one presented. */
export interface Loaded {
  readonly session: Session
  readonly replacement: string | null
}

export interface SessionLookup {
  /**
   * The live session of a token. `over`: it has one that is past its deadline, was reused, or does not open; `null`: the
   * store knows of none. Rejects with `StoreError` when the store cannot tell.
   */
  find(token: Token): Promise<Loaded | 'over' | null>
  /** The same session as the store has it now, followed through rotations by id alone; `null` if it has ended. */
  refresh(session: Pick<Session, 'id' | 'sid'>): Promise<Session | null>
  /** The session in a row; `null`, and an event, for a row that does not open under its own identifiers. */
  opened(stored: StoredSession): Session | null
  /** As `opened`, of the row found under an id: `null` too if it is over, or of another id or sid. */
  live(stored: StoredSession, id: string, sid: string | null): Session | null
}

export interface SessionLookupOptions {
  readonly store: SessionStore
  readonly keyring: Keyring
  readonly mint: TokenMint
  /** Told the data key of each session that a token was presented for: only then can it be had. */
  readonly onOpened: (session: Session, dataKey: Uint8Array) => void
  readonly emit: EventListener
  readonly now: () => number
}

// Counted from the successor's first use, not from the rotation: a response that was lost must cost nothing.
const grace = 30_000
// How many rotations an old token is followed through; more than a grace can hold.
const longestChain = 4
// A socket may outlive daily rotations for as long as a session can live. Rows that lead in a circle end here.
const longestRefresh = 500

export function sessionLookup(options: SessionLookupOptions): SessionLookup {
  const { store, keyring, mint, onOpened, emit, now } = options
  const tell = oncePerSession(emit)

  const opened = (stored: StoredSession): Session | null => {
    const session = openSession(keyring, stored)
    if (session === null) tell({ event: 'record_rejected', sid: stored.sid })
    return session
  }

  const live = (stored: StoredSession, id: string, sid: string | null): Session | null => {
    const session = opened(stored)
    if (session === null) return null
    if (session.id !== id || (sid !== null && session.sid !== sid)) {
      tell({ event: 'record_rejected', sid: stored.sid })
      return null
    }
    const at = now()
    if (!isOver(session, at)) return session
    tell({
      event: 'session_expired',
      sid: session.sid,
      limit: at >= session.absoluteAt ? 'absolute' : 'idle',
    })
    return null
  }

  async function follow(old: Token, next: Succession, depth: number): Promise<Loaded | 'over' | null> {
    const succession = openSuccession(keyring, old, next.sealedToken)
    if (succession === null) return 'over'
    if (next.presentedAt !== null && now() >= next.presentedAt + grace) {
      // RFC 9700 §4.14.2: a replaced token that comes back after the grace means that two parties hold the session.
      tell({ event: 'token_reused', sid: succession.sid })
      await store.end(succession.sid)
      return 'over'
    }
    return depth >= longestChain ? 'over' : resolve(succession.token, depth + 1)
  }

  async function resolve(token: Token, depth: number): Promise<Loaded | 'over' | null> {
    const id = mint.id(token)
    const found = await store.read(id)
    if (found === null) return null
    if (found.state === 'rotated') return follow(token, found.next, depth)
    const session = live(found.session, id, null)
    if (session === null) return 'over'
    const dataKey = dataKeyOf(keyring, found.session, token.secret)
    if (dataKey !== null) onOpened(session, dataKey)
    // Only the successor's own token, presented by the client, starts the clock of its predecessor.
    if (depth === 0 && session.version > 1) await store.present(id)
    return { session, replacement: depth === 0 ? null : mint.write(token) }
  }

  async function refresh(session: Pick<Session, 'id' | 'sid'>): Promise<Session | null> {
    let { id } = session
    for (let step = 0; step <= longestRefresh; step++) {
      const found = await store.read(id)
      if (found === null) return null
      // Ids in rows are anybody's word who writes to the store: the sid, which is sealed, must be the same.
      if (found.state === 'live') return live(found.session, id, session.sid)
      id = found.next.id
    }
    return null
  }

  return { refresh, find: (token) => resolve(token, 0), opened, live }
}

// Enough for every session that ends within minutes on a large site.
const mostRemembered = 10_000

/** Passes an event on once per session: a dead cookie that keeps coming must not fill the log. */
function oncePerSession(
  emit: EventListener,
): (event: Extract<SessionEvent, { event: 'session_expired' | 'record_rejected' | 'token_reused' }>) => void {
  const told = new Set<string>()
  return (event) => {
    const key = `${event.event} ${event.sid}`
    if (told.has(key)) return
    if (told.size >= mostRemembered) {
      const [oldest = ''] = told
      told.delete(oldest)
    }
    told.add(key)
    emit(event)
  }
}
