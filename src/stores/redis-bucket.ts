/** One bucket: its connections, and what a call must go through before it is answered. */
import type { RedisAddress } from './redis-address.ts'
import type { RedisArgument } from './redis-client.ts'
import { attemptMs, openConnection, type RedisConnection } from './redis-connection.ts'
import { isMisplaced, isUnexecuted, isUnknownScript, NoAnswerError, storeError } from './redis-fault.ts'
import { beatScript, removeRowsScript } from './redis-feed-scripts.ts'
import type { Bucket } from './redis-locate.ts'
import { isMadeIn } from './redis-mark.ts'
import { type Beaten, entryOf, rowsOf, startPump } from './redis-pump.ts'
import type { RedisScript } from './redis-script.ts'
import {
  createAcknowledgement,
  createRollCall,
  type FeedEntry,
  leaseMs,
  patienceMs,
  type ReplicaLease,
  type ReplicaRow,
} from './replica-lease.ts'

export interface OpenBucket {
  readonly prefix: string
  readonly lease: ReplicaLease
  /** For scripts that change nothing, or the same twice. The answer is as new as the mode promises. */
  ask(script: RedisScript, args: readonly RedisArgument[], deadline?: number): Promise<unknown>
  /** For scripts that change something: resolves when it is acknowledged. */
  order(script: RedisScript, args: readonly RedisArgument[], deadline?: number): Promise<readonly unknown[]>
  /** Resolves when a beat was answered: whoever changes something from then on waits for this process. */
  followed(deadline: number): Promise<void>
  /** Takes a change that was pushed. */
  push(entry: string): void
  readonly calls: RedisConnection
  close(): Promise<void>
}

export interface BucketOptions {
  readonly address: RedisAddress
  readonly bucket: Bucket
  readonly replica: string
  readonly lease: ReplicaLease
  /** How many replicas must have a write before it is acknowledged: with the primary, a majority. */
  quorum(): number
  /** How many replicas there should be. */
  replicas(): number
  /** Whether answers count only from a primary that a majority still follows. */
  isGated(): boolean
  /** The time for scripts; empty for Redis' own. */
  time(): string
  mark(): string
  onFetched(): void
  /** Called with each new connection for calls. */
  onConnected(): void
}

// All of a call's attempts, and what it waits for then. A little less than the second that is promised.
const patience = 940
const lookAgainMs = 2000

/** When a call that begins now is given up, on `performance.now`. */
export function newDeadline(): number {
  return performance.now() + patience
}

/** What Redis said, and which of its servers. */
interface Answered {
  readonly answer: unknown
  readonly server: string | null
}

interface Limits {
  readonly isRepeatable: boolean
  readonly deadline: number
}

function mayRepeat(error: unknown, { isRepeatable, deadline }: Limits): boolean {
  if (deadline - performance.now() < 50) return false
  return isUnexecuted(error) || (isRepeatable && error instanceof NoAnswerError)
}

type Receipt = readonly [seq: unknown, entry: unknown, rows: unknown]

/** Connects to the bucket's primary and begins to beat. */
export function openBucket(options: BucketOptions): OpenBucket {
  const { address, replica, lease, quorum } = options
  const { prefix, locate } = options.bucket
  const monotonic = { monotonic: () => performance.now() }
  const roll = createRollCall(monotonic)
  // After a fail-over or a restart this server may not have heard of everyone who still trusts a beat to the one before.
  let strangersUntil = 0
  let granted: Pick<Beaten, 'began' | 'server'> | null = null
  let lookedAt = 0

  function awaitStrangers(): void {
    strangersUntil = Math.max(strangersUntil, performance.now() + patienceMs)
  }

  const calls = openConnection({
    address,
    locate,
    async greet() {
      if (strangersUntil > 0) strangersUntil = performance.now() + patienceMs
    },
    onLost() {
      strangersUntil = Number.POSITIVE_INFINITY
    },
    // Each pauses by itself in an outage: without this a store could answer from memory for a second in which it writes
    // nothing.
    onReady() {
      beats.hurry()
      options.onConnected()
    },
  })
  const beats = openConnection({
    address,
    locate,
    async greet(client) {
      await client.sendCommand(['SCRIPT', 'LOAD', beatScript.text])
      setImmediate(() => pump.kick())
    },
    onReady: () => calls.hurry(),
  })
  const misplaced = (): void => {
    for (const connection of [calls, beats]) connection.reset('another server is the primary')
  }
  const pump = startPump({
    ...{ connection: beats, prefix, replica, lease, roll, quorum, replicas: options.replicas },
    ...{ isGated: options.isGated, onMisplaced: misplaced, onFetched: options.onFetched },
    onGranted(beat) {
      granted = beat
    },
    onUnconfirmed() {
      void lookAgain().catch(() => undefined)
    },
    onLost: awaitStrangers,
    onGone(rows) {
      const args = rows.flatMap((row) => [row.replica, `${row.beats}`])
      void attempt(removeRowsScript, args).catch(() => undefined)
    },
  })

  /** Whoever is cut off from the majority together with an old primary goes to the new one as soon as it can be found. */
  async function lookAgain(): Promise<void> {
    const now = performance.now()
    if (address.topology === 'single' || now - lookedAt < lookAgainMs) return
    lookedAt = now
    const { host, port } = await locate()
    const isElsewhere = [calls, beats].some(({ at }) => at !== null && (at.host !== host || at.port !== port))
    if (isElsewhere) misplaced()
  }

  async function attempt(script: RedisScript, args: readonly RedisArgument[], ms?: number): Promise<unknown> {
    const rest = ['1', prefix, options.time(), options.mark(), ...args]
    try {
      return await calls.send(['EVALSHA', script.sha, ...rest], ms)
    } catch (error) {
      if (!isUnknownScript(error)) throw error
      return calls.send(['EVAL', script.text, ...rest], ms)
    }
  }

  /** Waits a moment, if the call may be made again; throws the error otherwise. */
  async function recover(error: unknown, limits: Limits): Promise<void> {
    if (isMisplaced(error)) misplaced()
    if (calls.isOut || !mayRepeat(error, limits)) throw error
    await new Promise((resolve) => setTimeout(resolve, 10 + Math.random() * 20))
  }

  async function run(script: RedisScript, args: readonly RedisArgument[], limits: Limits): Promise<Answered> {
    const left = (): number => limits.deadline - performance.now()
    for (;;) {
      try {
        await calls.ready(left())
        // What cannot be repeated is waited for as long as there is time: giving up earlier only makes more unknown.
        const { server } = calls
        return { answer: await attempt(script, args, limits.isRepeatable ? attemptMs : left()), server }
      } catch (error) {
        await recover(error, limits)
      }
    }
  }

  /** Beats that go to another server than the calls confirm nothing of these. */
  function isSame(server: string | null, other: string | null): boolean {
    if (server === other && server !== null) return true
    if (calls.server !== null && beats.server !== null && calls.server !== beats.server) misplaced()
    return false
  }

  /** Rests until the server that was read from is known to have been the primary no longer ago than a lease. */
  async function confirm(server: string | null, deadline: number): Promise<void> {
    const isConfirmed = (): boolean =>
      granted !== null && performance.now() - granted.began < leaseMs && isSame(server, granted.server)
    if (isConfirmed()) return
    await pump.until(isConfirmed, deadline, 'no majority of its servers confirms that it is the primary')
  }

  /** Who has a row beside us, and whether the last beat that ours tells of has been answered. */
  function calledUp(receipt: Receipt | null): {
    readonly others: readonly ReplicaRow[]
    readonly isAnswered: boolean
  } {
    if (receipt === null) return { others: [], isAnswered: true }
    const rows = rowsOf(receipt[2])
    const own = rows.find((row) => row.replica === replica)
    // SECURITY: it has lost our own row, so it was emptied, and has lost those of others, too, who trust their memory still.
    if (own === undefined && pump.answered > 0) awaitStrangers()
    // What came in between may tell the same, in an answer that is on its way.
    const isAnswered = own === undefined || own.beats <= pump.answered
    return { others: rows.filter((row) => row !== own), isAnswered }
  }

  async function acknowledge(
    receipt: Receipt | null,
    server: string | null,
    deadline: number,
  ): Promise<void> {
    const at = performance.now()
    const seq = receipt === null ? 0 : Number(receipt[0])
    const { others, isAnswered } = calledUp(receipt)
    const acknowledgement = createAcknowledgement({ seq, others, at }, roll, monotonic)
    const entry = receipt === null || String(receipt[1]) === '' ? null : entryOf(String(receipt[1]))
    if (entry !== null) lease.take(entry)
    const needed = quorum()
    const isTold = (): boolean =>
      receipt === null || (isPast(lease, seq, entry) && performance.now() >= strangersUntil)
    if (needed === 0 && isAnswered && isTold() && acknowledgement.isDue(others)) return
    const isDue = ({ began, isReplicated, rows, server: beaten }: Beaten): boolean =>
      began >= at &&
      (needed === 0 || (isReplicated && isSame(server, beaten))) &&
      isTold() &&
      acknowledgement.isDue(rows.filter((row) => row.replica !== replica))
    await pump.until(
      isDue,
      deadline,
      'the change was made, but not confirmed by all replicas and processes in time',
    )
  }

  return {
    prefix,
    lease,
    calls,

    async ask(script, args, deadline = newDeadline()) {
      try {
        const { answer, server } = await run(script, args, { isRepeatable: true, deadline })
        if (options.isGated()) await confirm(server, deadline)
        return answer
      } catch (error) {
        throw storeError(error, address.shown)
      }
    },

    async order(script, args, deadline = newDeadline()) {
      try {
        const { answer, server } = await run(script, args, { isRepeatable: false, deadline })
        await acknowledge(receiptOf(answer as unknown[]), server, deadline)
        return answer as unknown[]
      } catch (error) {
        throw storeError(error, address.shown)
      }
    },

    async followed(deadline) {
      try {
        await pump.until(() => lease.position !== null, deadline, 'its changes cannot be followed')
      } catch (error) {
        throw storeError(error, address.shown)
      }
    },

    push(text) {
      const entry = entryOf(text)
      if (!isMadeIn(address, entry.mark)) return
      const before = lease.position?.seq
      const isTaken = lease.take(entry)
      if (!isTaken || lease.position?.seq !== before) pump.kick()
    },

    async close() {
      lease.end()
      pump.stop()
      // Politeness only: a row that stays is taken for gone after a second.
      await attempt(removeRowsScript, [replica, '']).catch(() => undefined)
      await Promise.all([calls.close(), beats.close()])
    },
  }
}

function receiptOf(answer: readonly unknown[]): Receipt | null {
  const last = answer.at(-1)
  return Array.isArray(last) && Array.isArray(last[2]) ? (last as unknown as Receipt) : null
}

/** Whether this process has told its watchers of the change. */
function isPast(lease: ReplicaLease, seq: number, entry: FeedEntry | null): boolean {
  const { position } = lease
  if (position === null) return false
  return position.seq > seq || (position.seq === seq && (entry === null || entry.mark === position.mark))
}
