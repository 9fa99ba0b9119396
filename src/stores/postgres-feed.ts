import { randomUUID } from 'node:crypto'
import type { StoreChange } from '../core/contracts.ts'
import { attemptMs } from './postgres-calls.ts'
import type { PostgresConnection } from './postgres-connection.ts'
import { channelOf } from './postgres-feed-functions.ts'
import { createWaiting } from './postgres-waiting.ts'
import {
  type BeatAnswer,
  beatMs,
  createReplicaLease,
  createRollCall,
  type FeedEntry,
  type ReplicaRow,
} from './replica-lease.ts'

/** Follows the changes of all processes, and says when a write of this one is known everywhere. */
export interface PostgresFeed {
  /** Connects and beats for the first time; rejects with what the connection said. */
  start(): Promise<void>
  isCurrent(): boolean
  /** Resolves once no process trusts what was before the writes that were answered until now. */
  acknowledged(deadline: number): Promise<void>
  /** Tells the others that they need not wait for this process any more, and lets go. */
  close(): Promise<void>
}

export interface FeedOptions {
  readonly name: string
  readonly schema: string
  connect(): Promise<PostgresConnection>
  deliver(change: StoreChange): void
}

/** What `beat` answers in the database. */
interface Pulse {
  readonly seq: number
  readonly mark: string
  readonly history: string
  readonly isYoung: boolean
  readonly entries: readonly EntryRow[] | null
  readonly others: readonly (readonly [replica: string, beats: number, confirmed: number])[]
}

type EntryRow = readonly [
  seq: number,
  mark: string,
  previous: string,
  kind: string,
  id: string,
  sid: string | null,
  owner: string | null,
  before: number,
  name: string,
  keys: readonly string[],
]

const lookAgainMs = 25
// So often may a change of others be found without a NOTIFY, as a beat can be quicker. More often, and none comes through
// (a pooler that hands on connections): then looking often does it too.
const mostUnheard = 3
const pruneEvery = 250
const longestPause = 500

const clock = { monotonic: () => performance.now(), wall: () => Date.now() }

export function createPostgresFeed({ name, schema, connect, deliver }: FeedOptions): PostgresFeed {
  const replica = randomUUID()
  const lease = createReplicaLease(clock, deliver)
  const roll = createRollCall(clock)
  const waiting = createWaiting(name, roll, clock)
  let connection: PostgresConnection | null = null
  let gone: readonly ReplicaRow[] = []
  let beats = 0
  let isBeating = false
  let isWanted = false
  let isClosed = false
  /** Changes of others that were found without being called, in a row. */
  let unheard = 0
  let pause = lookAgainMs
  let timer: NodeJS.Timeout | undefined

  async function connected(): Promise<PostgresConnection> {
    if (connection?.isUsable) return connection
    const opened = await connect()
    try {
      opened.onNotice((payload) => {
        unheard = 0
        if (payload !== 'confirmed' || waiting.size > 0) ask()
      })
      await opened.query(`LISTEN "${channelOf(schema)}"`, [], attemptMs)
    } catch (error) {
      opened.destroy()
      throw error
    }
    // A connection that breaks is replaced at once: the lease lasts only so long.
    opened.onEnd(() => ask())
    connection = opened
    return opened
  }

  async function beat(): Promise<void> {
    const connection = await connected()
    connection.hold(waiting.size > 0)
    const beat = lease.begin()
    const isAlone = waiting.size === 0
    beats += 1
    const { position } = beat
    const [row] = await connection.query(
      `SELECT "${schema}".beat($1, $2, $3, $4, $5, $6)`,
      [
        ...[replica, beats, position?.seq ?? null, position?.mark ?? null],
        ...[gone.map(({ replica }) => replica), gone.map(({ beats }) => beats)],
      ],
      attemptMs,
    )
    const pulse = row?.[0] as Pulse
    const others = pulse.others.map(([replica, beats, confirmed]) => ({ replica, beats, confirmed }))
    gone = roll.observe(others)
    lease.settle(beat, answerOf(pulse))
    waiting.heard({ ...pulse, sentAt: beat.monotonic, others })
    if (isAlone && pulse.entries !== null && pulse.entries.length > 0) unheard += 1
    // What this beat brought is confirmed by the next; somebody may wait for it.
    if (others.length > 0 && lease.position?.seq !== position?.seq) isWanted = true
    if (beats % pruneEvery === 0) await connection.query(`SELECT "${schema}".prune()`, [], attemptMs)
    connection.hold(waiting.size > 0)
  }

  /** Wants a beat that is sent from now on. */
  function ask(): void {
    isWanted = true
    if (!isBeating) void run()
  }

  async function run(): Promise<void> {
    if (isClosed) return
    isBeating = true
    clearTimeout(timer)
    try {
      do {
        isWanted = false
        await beat()
      } while (isWanted && !isClosed)
      pause = lookAgainMs
      rest(waiting.size > 0 || unheard > mostUnheard ? lookAgainMs : beatMs)
    } catch {
      connection?.destroy()
      connection = null
      rest(pause * (0.5 + Math.random()))
      pause = Math.min(pause * 2, longestPause)
    } finally {
      isBeating = false
    }
  }

  function rest(ms: number): void {
    if (isClosed) return
    timer = setTimeout(() => void run(), ms).unref()
  }

  return {
    async start() {
      isBeating = true
      try {
        await beat()
      } catch (error) {
        connection?.destroy()
        throw error
      } finally {
        isBeating = false
      }
      rest(0)
    },

    isCurrent: () => lease.isCurrent(),

    acknowledged(deadline) {
      const acknowledged = waiting.wait(deadline)
      ask()
      return acknowledged
    },

    async close() {
      isClosed = true
      clearTimeout(timer)
      lease.end()
      if (connection?.isUsable) {
        await connection.query(`SELECT "${schema}".leave($1)`, [replica], attemptMs).catch(() => {})
      }
      connection?.destroy()
    },
  }
}

function answerOf({ seq, mark, entries }: Pulse): BeatAnswer {
  const head = { seq, mark }
  return entries === null ? { kind: 'lost', head } : { kind: 'entries', head, entries: entries.map(entryOf) }
}

function entryOf([seq, mark, previous, kind, id, sid, owner, before, name, keys]: EntryRow): FeedEntry {
  return { seq, mark, previous, change: changeOf() }

  function changeOf(): StoreChange {
    switch (kind) {
      case 'state':
        return { kind, scope: { sid, name }, keys }
      case 'revoked':
        return { kind, epoch: owner === null ? 'all' : { user: owner }, before }
      case 'ended':
        return { kind, id, sid: sid ?? '', ...(name === 'replaced' && { why: name }) }
      case 'changed':
        return { kind, id, sid: sid ?? '' }
      default:
        // Written by a newer Holdfast: whatever it means, looking again is right.
        return { kind: 'gap' }
    }
  }
}
