/** What the engine promises, said a second time and as simply as possible: to hold it against. */
import { type Limits, touchDue } from '../../src/core/policy.ts'
import { day, hour } from './samples.ts'

type Kind = 'session' | 'remember' | 'anonymous'

const limits: Readonly<Record<Kind, Limits>> = {
  session: { idle: 12 * hour, absolute: day },
  remember: { idle: 14 * day, absolute: 30 * day },
  anonymous: { idle: day, absolute: day },
}
const grace = 30_000

export interface ModelCredential {
  readonly text: string
  /** When it was first presented as the newest of its session. */
  presentedAt: number | null
}

export interface ModelSession {
  readonly userId: string | null
  readonly createdAt: number
  readonly idle: number
  readonly absoluteAt: number
  /** Oldest first: the last is the one in use. */
  readonly credentials: ModelCredential[]
  /** Of an anonymous one: whether it was started. */
  stored: boolean
  ended: boolean
  /** The idle deadline lies between the two: touches are worth a write only now and then. */
  idleFrom: number
  idleTo: number
}

export type Expected = 'session' | 'old' | 'nothing' | 'nobody' | 'either'

/** All sessions there ever were. */
export class EngineModel {
  readonly sessions: ModelSession[] = []
  now: number

  constructor(now: number) {
    this.now = now
  }

  revoke(userId: string | null): void {
    for (const session of this.sessions) {
      if (session.stored && (userId === null || session.userId === userId)) session.ended = true
    }
  }

  add(userId: string | null, kind: Kind, text: string): void {
    const { idle, absolute } = limits[kind]
    const absoluteAt = this.now + absolute
    const idleAt = Math.min(this.now + idle, absoluteAt)
    this.sessions.push({
      ...{ userId, createdAt: this.now, idle, absoluteAt, stored: userId !== null, ended: false },
      ...{ credentials: [{ text, presentedAt: null }], idleFrom: idleAt, idleTo: idleAt },
    })
  }

  /** What a credential is worth now; ends the session if it is one that must no longer come. */
  load(session: ModelSession, index: number): Expected {
    if (session.userId === null && !session.stored) return this.isOver(session) ? 'nothing' : 'nobody'
    // An anonymous credential says who one is without its record: nobody.
    if (session.ended) return session.userId === null && !this.isOver(session) ? 'nobody' : 'nothing'
    if (this.isReused(session, index)) {
      session.ended = true
      return 'nothing'
    }
    const worth = this.worth(session)
    const isNewest = index === session.credentials.length - 1
    if (worth === 'session' && isNewest) this.present(session)
    return worth === 'session' && !isNewest ? 'old' : worth
  }

  /** Whether a successor of the credential was presented so long ago that only a copy can still come. */
  isReused(session: ModelSession, index: number): boolean {
    return session.credentials
      .slice(index + 1)
      .some(({ presentedAt }) => presentedAt !== null && this.now >= presentedAt + grace)
  }

  present(session: ModelSession): void {
    const newest = session.credentials.at(-1)
    if (newest !== undefined) newest.presentedAt ??= this.now
  }

  /** Whether the session is live, its tokens aside. */
  worth(session: ModelSession): 'session' | 'nothing' | 'either' {
    if (session.ended || !session.stored || this.now >= session.idleTo || this.now >= session.absoluteAt)
      return 'nothing'
    return this.now < session.idleFrom ? 'session' : 'either'
  }

  isOver(session: ModelSession): boolean {
    return this.now >= session.absoluteAt
  }

  touch(session: ModelSession): void {
    const latest = Math.min(this.now + session.idle, session.absoluteAt)
    session.idleTo = Math.max(session.idleTo, latest)
    // The least eager that a touch may be.
    const due = touchDue(
      { idleAt: session.idleFrom, absoluteAt: session.absoluteAt },
      session.idle,
      this.now,
      1,
    )
    if (due !== null) session.idleFrom = Math.max(session.idleFrom, latest - session.idle * 0.15)
  }

  /** What was uncertain was seen: whether the deadline has passed. */
  saw(session: ModelSession, isLive: boolean): void {
    if (isLive) session.idleFrom = Math.max(session.idleFrom, this.now + 1)
    else session.idleTo = session.idleFrom = Math.min(session.idleFrom, this.now)
  }
}
