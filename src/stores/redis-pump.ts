/** Beats for one bucket, and tells those who wait for others what the beats brought. */
import type { RedisConnection } from './redis-connection.ts'
import { isMisplaced, isUnknownScript, NoAnswerError } from './redis-fault.ts'
import { beatScript } from './redis-feed-scripts.ts'
import { followersNow } from './redis-server-facts.ts'
import {
  type BeatAnswer,
  beatMs,
  type FeedEntry,
  type ReplicaLease,
  type ReplicaRow,
  type RollCall,
} from './replica-lease.ts'
import { createSuccession } from './succession.ts'

/** One beat that was answered. */
export interface Beaten {
  /** `performance.now` before it was sent: what was written before is in its answer. */
  readonly began: number
  /** The server that answered; what was written to another is not in its answer. */
  readonly server: string | null
  /** Whether enough replicas have it, and with it everything that was written before it. */
  readonly isReplicated: boolean
  readonly rows: readonly ReplicaRow[]
}

export interface Pump {
  /** Resolves with the first beat for which `isDue`; rejects with `NoAnswerError` at the deadline. */
  until(isDue: (beat: Beaten) => boolean, deadline: number, what: string): Promise<void>
  /** The number of the newest beat whose answer was taken; 0: there was none yet. */
  readonly answered: number
  /** Beats at once, for there is something to confirm or to fetch. */
  kick(): void
  stop(): void
}

export interface PumpOptions {
  readonly connection: RedisConnection
  readonly prefix: string
  readonly replica: string
  readonly lease: ReplicaLease
  readonly roll: RollCall
  /** How many replicas must confirm a beat. */
  quorum(): number
  /** How many there should be. */
  replicas(): number
  /** Whether a beat counts only when they have. */
  isGated(): boolean
  /** Called with rows of processes that are gone. */
  onGone(rows: readonly ReplicaRow[]): void
  /** Called when this server is not the one to ask. */
  onMisplaced(): void
  /** Called when too few replicas confirmed a beat: this server may have been replaced. */
  onUnconfirmed(): void
  /** Called with every beat that counts. */
  onGranted(beat: Beaten): void
  /** Called when the feed no longer leads on from where this process was: it, and all rows with it, may be of another history. */
  onLost(): void
  /** Called when a beat brought changes that nobody had pushed. */
  onFetched(): void
}

interface Waiter {
  isDue(beat: Beaten): boolean
  resolve(): void
}

/** How long replicas may take to confirm a beat. */
const replicationMs = 150

/** The rows as they come: replica, "beats confirmed", … */
export function rowsOf(flat: unknown): readonly ReplicaRow[] {
  const fields = (flat as readonly unknown[]).map(String)
  const rows: ReplicaRow[] = []
  for (let index = 0; index + 1 < fields.length; index += 2) {
    const [beats, confirmed] = (fields[index + 1] ?? '').split(' ').map(Number)
    rows.push({ replica: fields[index] ?? '', beats: beats ?? 0, confirmed: confirmed ?? -1 })
  }
  return rows
}

/** An entry of the feed as it was written down; whatever a newer Holdfast writes means that one has to look again. */
export function entryOf(text: string): FeedEntry {
  const [seq, mark, previous, change] = JSON.parse(text)
  const isKnown = ['ended', 'changed', 'revoked', 'state'].includes(change?.kind)
  return { seq, mark, previous, change: isKnown ? change : { kind: 'gap' } }
}

/** Starts to beat. */
export function startPump(options: PumpOptions): Pump {
  const { connection, prefix, replica, lease, roll } = options
  const waiters = new Set<Waiter>()
  const succession = createSuccession(() => performance.now())
  let beats = 0
  let answeredBeat = 0
  let isBeating = false
  let isKicked = false
  let isStopped = false
  let timer: NodeJS.Timeout | undefined
  let delay = 1

  async function replicated(wanted: number): Promise<boolean> {
    if (wanted === 0) return true
    const { server } = connection
    const count = connection.send(['WAIT', `${wanted}`, `${replicationMs}`])
    // Behind it, so that the server says who followed it after they had confirmed.
    const followers = followersNow((args) => connection.send(args))
    followers.catch(() => {})
    if (Number(await count) < wanted) return false
    const found = await followers
    // Where it may not tell, a majority has to do.
    return found === null || succession.observe(server, found, options.replicas())
  }

  async function beat(): Promise<void> {
    const own = lease.begin()
    const { server } = connection
    const number = ++beats
    const { seq = -1, mark = '' } = own.position ?? {}
    const args = ['EVALSHA', beatScript.sha, '1', prefix, '', '', replica, `${number}`, `${seq}`, mark]
    const answered = connection.send(args)
    // On the same connection and right behind it, so that it waits for this beat; neither waits for the other's answer.
    const confirmed = replicated(options.quorum())
    confirmed.catch(() => {})
    const [kind, head, headMark, entries, rows] = (await answered) as unknown[]
    const position = { seq: Number(head), mark: String(headMark) }
    const found = (entries as unknown[]).map((entry) => entryOf(String(entry)))
    const answer: BeatAnswer =
      String(kind) === 'entries'
        ? { kind: 'entries', head: position, entries: found }
        : { kind: 'lost', head: position }
    if (answer.kind === 'lost' && own.position !== null) options.onLost()
    answeredBeat = number
    const before = lease.position?.seq
    lease.settle(own, answer, !options.isGated())
    if (lease.position?.seq !== before) {
      isKicked = true
      if (before !== undefined && found.length > 0) options.onFetched()
    }
    const isReplicated = await confirmed.catch(() => false)
    if (isReplicated) lease.renew(own)
    else options.onUnconfirmed()
    tell({ began: own.monotonic, server, isReplicated, rows: rowsOf(rows) })
  }

  function tell(beaten: Beaten): void {
    if (beaten.isReplicated) options.onGranted(beaten)
    const gone = roll.observe(beaten.rows)
    if (gone.length > 0) options.onGone(gone)
    for (const waiter of [...waiters]) if (waiter.isDue(beaten)) waiter.resolve()
  }

  /** How long until the next beat. */
  function pauseAfterBeat(): number {
    if (isKicked || lease.isBehind()) return 0
    if (waiters.size === 0) return beatMs
    delay = Math.min(delay * 2, 25)
    return delay
  }

  /** A connection that is down comes back by itself, and says so by a kick. */
  function pauseAfter(error: unknown): number {
    if (isUnknownScript(error)) connection.reset('the scripts were flushed')
    if (isMisplaced(error)) options.onMisplaced()
    return connection.isReady ? 20 : beatMs
  }

  async function run(): Promise<void> {
    isBeating = true
    isKicked = false
    const pause = await beat().then(pauseAfterBeat, pauseAfter)
    isBeating = false
    if (!isStopped) timer = setTimeout(() => void run(), pause)
  }

  function kick(): void {
    isKicked = true
    if (isBeating || isStopped) return
    clearTimeout(timer)
    void run()
  }

  timer = setTimeout(() => void run(), 0)

  return {
    get answered() {
      return answeredBeat
    },

    kick,

    until(isDue, deadline, what) {
      return new Promise((resolve, reject) => {
        const done = (act: () => void): void => {
          clearTimeout(limit)
          waiters.delete(waiter)
          act()
        }
        const waiter: Waiter = { isDue, resolve: () => done(resolve) }
        const late = (): void => done(() => reject(new NoAnswerError(what)))
        const limit = setTimeout(late, Math.max(0, deadline - performance.now()))
        waiters.add(waiter)
        delay = 0.25
        kick()
      })
    },

    stop() {
      isStopped = true
      clearTimeout(timer)
    },
  }
}
