/** What is open for each session, so that its end reaches every socket and stream at once. */
import type { Ending } from './ending.ts'
import type { SessionManager } from './manager.ts'
import { isOver } from './policy.ts'
import type { Session } from './session.ts'
import { throwUncaught } from './uncaught.ts'

/** Why what was held open ends. */
export type EndReason = 'signed-out' | 'expired' | 'unconfirmed'

/** Something open that must not outlive its session. */
export interface Held {
  /** Called once, when the session has ended. What it throws ends nobody else's call, and is thrown as an uncaught exception. */
  end(reason: EndReason): void
}

export interface SocketRegistry {
  /**
   * Holds something open for a session; returns how to let go. Between being read and being held a session may have ended,
   * and nobody is left who would tell that: the store is asked at once unless `isKnown`. That is to be true only where this
   * process knows in this very moment that the session lives (`peek`), or where the caller asks the store after this.
   */
  hold(session: Session, held: Held, isKnown: boolean): () => void
  /** How many are held. */
  readonly size: number
  /** Looks no more: the process stops, and whoever holds something ends it. */
  close(): void
}

export interface SocketRegistryOptions {
  readonly sessions: SessionManager
  readonly now: () => number
  /** How often deadlines are looked at, in milliseconds. @default 1000 */
  readonly tick?: number
  /** How often a session is confirmed by the store, so that a lost change is noticed. @default 30000 */
  readonly recheckEvery?: number
  /** Told of each session that the store has just confirmed. */
  onConfirmed?(session: Session): void
}

interface Entry {
  session: Session
  readonly held: Set<Held>
  /** When the store last confirmed it. */
  confirmedAt: number
  asking: boolean
  /** Whether something happened since it was asked, so that the answer may be of before. */
  overtaken: boolean
}

// A store that cannot confirm keeps sockets open this long, no longer (DESIGN: outage).
const outageGrace = 30_000

export function socketRegistry(options: SocketRegistryOptions): SocketRegistry {
  const { sessions, now } = options
  const recheckEvery = options.recheckEvery ?? 30_000
  const entries = new Map<string, Entry>()

  const endAll = (entry: Entry, reason: EndReason): void => {
    // A change may have ended it while the store was asked; what was held since then has an entry of its own.
    if (entries.get(entry.session.sid) !== entry) return
    entries.delete(entry.session.sid)
    for (const held of entry.held) {
      try {
        held.end(reason)
      } catch (error) {
        // SECURITY: the others would stay open, and nobody is left who would look at them.
        throwUncaught(error)
      }
    }
  }

  const confirm = async (entry: Entry): Promise<void> => {
    if (entry.asking) return
    entry.asking = true
    try {
      const session = await sessions.refresh(entry.session)
      if (session === null) endAll(entry, isOver(entry.session, now()) ? 'expired' : 'signed-out')
      else {
        entry.session = session
        entry.confirmedAt = now()
        options.onConfirmed?.(session)
      }
    } catch {
      // Unknown is not absent: the socket stays for the grace, and not a moment longer.
      if (now() - entry.confirmedAt > recheckEvery + outageGrace) endAll(entry, 'unconfirmed')
    } finally {
      entry.asking = false
      if (entry.overtaken && entries.get(entry.session.sid) === entry) confirmAnew(entry)
    }
  }

  /** Asks the store from now on: what it was asked before may be answered as of before. */
  const confirmAnew = (entry: Entry): void => {
    entry.overtaken = entry.asking
    void confirm(entry)
  }

  const onEnding = (ending: Ending): void => {
    for (const entry of entries.values()) {
      if (ending.kind === 'recheck') confirmAnew(entry)
      else if (ending.covers(entry.session)) endAll(entry, 'signed-out')
    }
  }

  const onTick = (): void => {
    const at = now()
    for (const entry of entries.values()) {
      // Another process may have moved the idle deadline: the store decides.
      if (isOver(entry.session, at) || at - entry.confirmedAt >= recheckEvery) void confirm(entry)
    }
  }

  const stopListening = sessions.onEnd(onEnding)
  const timer = setInterval(onTick, options.tick ?? 1_000)
  timer.unref()

  return {
    hold(session, held, isKnown) {
      let entry = entries.get(session.sid)
      if (entry === undefined) {
        entry = { session, held: new Set(), confirmedAt: now(), asking: false, overtaken: false }
        entries.set(session.sid, entry)
      }
      const { held: set } = entry
      set.add(held)
      if (!isKnown) {
        // Due at every look until the store has confirmed it.
        entry.confirmedAt = Math.min(entry.confirmedAt, now() - recheckEvery)
        confirmAnew(entry)
      }
      return () => {
        set.delete(held)
        if (set.size === 0 && entries.get(session.sid)?.held === set) entries.delete(session.sid)
      }
    },
    get size() {
      let size = 0
      for (const entry of entries.values()) size += entry.held.size
      return size
    },
    close() {
      stopListening()
      clearInterval(timer)
    },
  }
}
