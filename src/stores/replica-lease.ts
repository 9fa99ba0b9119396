/**
 * When a process may use what it keeps in memory, and when a write may be acknowledged, in a store that several machines
 * share. No network and no timers: the stores feed it what they hear, and a clock.
 *
 * Every process beats: one atomic step in the store that says how far it has followed the change feed, and answers with the
 * head of the feed and what is missing up to there. What follows from it:
 *
 *   A process trusts its memory for `leaseMs` from before it sent the beat, and only while it has delivered all that it
 *   knows to exist. A write is acknowledged when every process with a row has confirmed it, or has not beaten for
 *   `patienceMs`, or `patienceMs` have passed since the write was made.
 *
 * Why no acknowledged change is ever missed: whoever beat after the write was told a head that includes it, and is not
 * current until it has delivered it. Whoever beat before has a row that the writer sees; its lease began before the write,
 * and is over when the writer has waited longer than a lease. Only monotonic clocks of the two processes measure, so no
 * step of any clock, the store's neither, opens a hole; `patienceMs` is longer than `leaseMs` for clocks that run unevenly.
 */
import type { StoreChange } from '../core/contracts.ts'

/** How long one beat lets a process trust its memory. */
export const leaseMs = 800
/** How long the others wait before they take a process that is silent for gone: a lease, and 5 % for uneven clocks. */
export const patienceMs = 840
/** How often a process beats when nothing happens. Two beats may be lost before the lease runs out. */
export const beatMs = 200

/**
 * A place in the feed. `seq` counts from 1 without gaps; `mark` is random and new for each entry, so that two histories that
 * gave out the same number (a fail-over lost the tail, a backup was restored) are told apart.
 */
export interface FeedPosition {
  readonly seq: number
  readonly mark: string
}

/** One change in the feed. `previous` is the mark of the entry before it. */
export interface FeedEntry extends FeedPosition {
  readonly previous: string
  readonly change: StoreChange
}

/** `entries`: the position that was sent is in the feed, and this follows it. `lost`: it is not, or not any more. */
export type BeatAnswer =
  | { readonly kind: 'entries'; readonly head: FeedPosition; readonly entries: readonly FeedEntry[] }
  | { readonly kind: 'lost'; readonly head: FeedPosition }

export interface LeaseClock {
  /** Milliseconds that never go back, such as `performance.now`. */
  monotonic(): number
  /** Milliseconds of the calendar. A machine that slept may have stopped its monotonic clock, but not this one. */
  wall(): number
}

/** What a process says and when it began to say so. */
export interface Beat {
  /** What it confirms: all up to here was delivered. `null`: it has just begun, and keeps nothing yet. */
  readonly position: FeedPosition | null
  readonly monotonic: number
  readonly wall: number
}

/** This process's place in the feed, and its lease. */
export interface ReplicaLease {
  readonly position: FeedPosition | null
  /** Whether all that was acknowledged anywhere has been delivered here. */
  isCurrent(): boolean
  /** Whether the last beat that was granted is younger than a lease. */
  isAlive(): boolean
  /** Takes an entry that was pushed, or that this process wrote. `false`: something before it is missing, so beat. */
  take(entry: FeedEntry): boolean
  /** Call it before the beat is sent. */
  begin(): Beat
  /** Takes the answer. `isGranted` is `false` if the store could not confirm the beat: then it extends no lease. */
  settle(beat: Beat, answer: BeatAnswer, isGranted?: boolean): void
  /** Extends the lease by a beat that was settled before, once the store has confirmed it. */
  renew(beat: Beat): void
  /** Whether there is something that the next beat would fetch. */
  isBehind(): boolean
  /** Gives the lease up at once and for good. */
  end(): void
}

/** A process that has heard nothing yet. `deliver` is called in the order of the feed, never twice for an entry. */
export function createReplicaLease(clock: LeaseClock, deliver: (change: StoreChange) => void): ReplicaLease {
  let position: FeedPosition | null = null
  /** The highest number that is known to exist. */
  let known = 0
  let lease: Pick<Beat, 'monotonic' | 'wall'> | null = null
  let isDelivering = false
  let isOver = false

  const isAlive = (): boolean =>
    lease !== null && clock.monotonic() - lease.monotonic < leaseMs && clock.wall() - lease.wall < leaseMs

  function tell(change: StoreChange): void {
    isDelivering = true
    try {
      deliver(change)
    } finally {
      isDelivering = false
    }
  }

  function jump(head: FeedPosition): void {
    const isFirst = position === null
    position = head
    known = isFirst ? Math.max(known, head.seq) : head.seq
    // At the first, too: what was read before it may have ended since, and whoever ended it did not wait for us.
    tell({ kind: 'gap' })
  }

  function take(entry: FeedEntry): boolean {
    known = Math.max(known, entry.seq)
    // A watcher that writes or asks while it is told: its change comes after the one being delivered.
    if (position === null || isDelivering) return false
    if (entry.seq <= position.seq) return entry.seq < position.seq || entry.mark === position.mark
    if (entry.seq !== position.seq + 1 || entry.previous !== position.mark) return false
    position = { seq: entry.seq, mark: entry.mark }
    tell(entry.change)
    return true
  }

  function catchUp(answer: BeatAnswer): void {
    if (answer.kind === 'lost') return jump(answer.head)
    known = Math.max(known, answer.head.seq)
    for (const entry of answer.entries) if (!take(entry)) return jump(answer.head)
  }

  function renew(beat: Beat): void {
    if (!isOver && (lease === null || beat.monotonic > lease.monotonic)) lease = beat
  }

  return {
    get position() {
      return position
    },

    isCurrent: () => !isDelivering && position !== null && position.seq >= known && isAlive(),
    isAlive,
    take,

    begin: () => ({ position, monotonic: clock.monotonic(), wall: clock.wall() }),

    settle(beat, answer, isGranted = true) {
      if (isOver) return
      catchUp(answer)
      if (isGranted) renew(beat)
    },

    renew,
    isBehind: () => position === null || position.seq < known,

    end() {
      isOver = true
      lease = null
      position = null
    },
  }
}

/** What the store knows of one process: how often it beat, and the number up to which it confirmed. */
export interface ReplicaRow {
  /** Random, and new for each store that is opened. */
  readonly replica: string
  /** Counted by the process itself: a row that was removed and comes back MUST NOT look like the beat of long ago. */
  readonly beats: number
  readonly confirmed: number
}

/** Who beats, as this process observes it. */
export interface RollCall {
  /** Takes the rows as the store has them now; returns those that are silent for so long that they may be removed. */
  observe(rows: readonly ReplicaRow[]): readonly ReplicaRow[]
  /** Whether the lease of the beat in this row is certainly over. */
  isGone(row: ReplicaRow): boolean
}

/** A roll that nobody has been called from. */
export function createRollCall(clock: Pick<LeaseClock, 'monotonic'>): RollCall {
  let seen = new Map<string, { readonly beats: number; readonly at: number }>()

  function isGone({ replica, beats }: ReplicaRow): boolean {
    const first = seen.get(replica)
    return first?.beats === beats && clock.monotonic() - first.at >= patienceMs
  }

  return {
    isGone,
    observe(rows) {
      const at = clock.monotonic()
      const next: typeof seen = new Map()
      for (const { replica, beats } of rows) {
        const before = seen.get(replica)
        next.set(replica, before?.beats === beats ? before : { beats, at })
      }
      seen = next
      return rows.filter(isGone)
    },
  }
}

export interface Written {
  /** The number of the write in the feed. */
  readonly seq: number
  /** The rows of the other processes, read in the same step as the write or later. */
  readonly others: readonly ReplicaRow[]
  /** The monotonic clock after the write was answered, or later. */
  readonly at: number
}

/** Whether a write may be acknowledged, held against rows that were read later. */
export interface Acknowledgement {
  isDue(rows: readonly ReplicaRow[]): boolean
}

/** What must be waited for after a write. */
export function createAcknowledgement(
  { seq, others, at }: Written,
  roll: Pick<RollCall, 'isGone'>,
  clock: Pick<LeaseClock, 'monotonic'>,
): Acknowledgement {
  // Whoever has no row at the write is told of it by the beat that makes the row.
  const waitedFor = new Set(others.map(({ replica }) => replica))
  return {
    isDue(rows) {
      if (clock.monotonic() - at >= patienceMs) return true
      return rows.every((row) => !waitedFor.has(row.replica) || row.confirmed >= seq || roll.isGone(row))
    },
  }
}
