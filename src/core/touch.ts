/** Moves idle deadlines while people act: seldom enough to cost nothing, and never for a session that is over. */
import type { SessionStore } from './contracts.ts'
import { StoreError } from './errors.ts'
import type { EventListener } from './events.ts'
import type { SessionLookup } from './lookup.ts'
import { isOver, touchDue } from './policy.ts'
import type { Session } from './session.ts'

export interface SessionTouchOptions {
  readonly store: SessionStore
  readonly lookup: Pick<SessionLookup, 'refresh'>
  readonly emit: EventListener
  readonly now: () => number
}

/** What is known of a session's touches beyond the session itself. */
interface Progress {
  /** The session as it was last found: a rotation gives it another id. */
  latest: Session
  isUnderWay: boolean
  failedAt: number
}

// A socket that goes on sending must neither hammer a store that is away nor fill the log.
const pause = 5_000

/** Notes activity of a session. Returns at once and never throws; what the store could not take is an event. */
export function sessionTouch(options: SessionTouchOptions): (session: Session) => void {
  const { store, lookup, emit, now } = options
  const progress = new WeakMap<Session, Progress>()

  async function write(session: Session, state: Progress): Promise<boolean> {
    if (isOver(session, now())) {
      // Over as far as this process knows. Another may have moved the deadline, and only the store may say so.
      const current = await lookup.refresh(state.latest)
      if (current === null) return false
      state.latest = current
      session.idleAt = Math.max(session.idleAt, current.idleAt)
    }
    const known = session.idleAt
    const idleAt = touchDue(session, session.idle, now(), jitterOf(session.sid))
    if (idleAt === null) return true
    // At once, for the answer that tells the deadline; taken back if the store did not take it, for memory that stayed
    // ahead would let in what the store holds to be over.
    session.idleAt = idleAt
    let isTaken = false
    try {
      isTaken = await store.touch(state.latest.id, idleAt)
      // Not live: it ended, or another request rotated it, and it has another id.
      if (!isTaken) isTaken = await touchSuccessor(state, idleAt)
      return isTaken
    } finally {
      if (!isTaken && session.idleAt === idleAt) session.idleAt = known
    }
  }

  async function touchSuccessor(state: Progress, idleAt: number): Promise<boolean> {
    const current = await lookup.refresh(state.latest)
    if (current === null) return false
    state.latest = current
    // The rotation may have made its idle window shorter.
    return store.touch(current.id, Math.min(idleAt, now() + current.idle))
  }

  async function attempt(session: Session, state: Progress): Promise<void> {
    try {
      state.failedAt = (await write(session, state)) ? Number.NEGATIVE_INFINITY : now()
    } catch (error) {
      state.failedAt = now()
      const code = error instanceof StoreError ? error.code : 'ERR_STORE_UNAVAILABLE'
      emit({ event: 'store_failed', code, during: 'touch' })
    } finally {
      state.isUnderWay = false
    }
  }

  return (session) => {
    if (session.version === 0) return
    const at = now()
    if (!isOver(session, at) && touchDue(session, session.idle, at, jitterOf(session.sid)) === null) return
    let state = progress.get(session)
    if (state === undefined) {
      state = { latest: session, isUnderWay: false, failedAt: Number.NEGATIVE_INFINITY }
      progress.set(session, state)
    }
    // The other requests of this moment need not write too.
    if (state.isUnderWay || Math.abs(at - state.failedAt) < pause) return
    state.isUnderWay = true
    void attempt(session, state)
  }
}

/** A fixed number from 0 to 1 for each session, so that sessions touched together drift apart. */
function jitterOf(sid: string): number {
  return ((sid.charCodeAt(0) * 31 + sid.charCodeAt(1)) % 100) / 100
}
