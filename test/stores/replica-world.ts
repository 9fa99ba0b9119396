/** Three processes on one store, all steps of which happen one by one, in whatever order a test wants. */
import type { StoreChange } from '../../src/core/contracts.ts'
import {
  type Beat,
  type BeatAnswer,
  createAcknowledgement,
  createReplicaLease,
  createRollCall,
  type FeedEntry,
  type ReplicaLease,
  type ReplicaRow,
  type RollCall,
} from '../../src/stores/replica-lease.ts'

export function ended(seq: number): StoreChange {
  return { kind: 'ended', id: `id ${seq}`, sid: `sid ${seq}` }
}

export function entry(seq: number, history = ''): FeedEntry {
  return { seq, mark: `${history}${seq}`, previous: `${history}${seq - 1}`, change: ended(seq) }
}

interface Process {
  readonly name: string
  readonly lease: ReplicaLease
  readonly roll: RollCall
  beats: number
  beat: Beat | null
  answer: BeatAnswer | null
  rows: readonly ReplicaRow[]
}

/** What can happen; `who` is one of the processes. */
export type Step =
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'send' | 'execute' | 'answer' | 'beat' | 'push' | 'write'; readonly who: number }

export interface World {
  take(step: Step): void
  /** How many writes were acknowledged so far. */
  readonly acknowledged: number
  /** The numbers that some process vouches for although it misses them; and how many vouch for anything at all. */
  check(): { readonly missing: readonly number[]; readonly vouching: number }
}

export function createWorld(): World {
  let at = 0
  const clock = { monotonic: () => at, wall: () => at }
  const feed: FeedEntry[] = []
  const rows = new Map<string, ReplicaRow>()
  const waiting = new Map<number, () => boolean>()
  const acknowledged = new Set<number>()
  const processes = [0, 1, 2].map((who): Process => {
    const lease = createReplicaLease(clock, () => {})
    const nothing = { beats: 0, beat: null, answer: null, rows: [] }
    return { name: `${who}`, lease, roll: createRollCall(clock), ...nothing }
  })

  function execute(process: Process): void {
    if (process.beat === null || process.answer !== null) return
    const { position } = process.beat
    const head = { seq: feed.length, mark: `${feed.length}` }
    process.beats += 1
    rows.set(process.name, { replica: process.name, beats: process.beats, confirmed: position?.seq ?? 0 })
    process.rows = [...rows.values()]
    process.answer =
      position === null
        ? { kind: 'lost', head }
        : { kind: 'entries', head, entries: feed.slice(position.seq, position.seq + 2) }
  }

  function answer(process: Process): void {
    if (process.beat === null || process.answer === null) return
    process.lease.settle(process.beat, process.answer)
    for (const row of process.roll.observe(process.rows)) {
      if (rows.get(row.replica)?.beats === row.beats) rows.delete(row.replica)
    }
    process.beat = null
    process.answer = null
  }

  function write({ name, lease, roll }: Process): void {
    const written = entry(feed.length + 1)
    feed.push(written)
    const others = [...rows.values()].filter(({ replica }) => replica !== name)
    const acknowledgement = createAcknowledgement({ seq: written.seq, others, at }, roll, clock)
    lease.take(written)
    waiting.set(
      written.seq,
      () => (lease.position?.seq ?? 0) >= written.seq && acknowledgement.isDue([...rows.values()]),
    )
  }

  function send(process: Process): void {
    process.beat ??= process.lease.begin()
  }

  const acts: Record<Exclude<Step['kind'], 'wait'>, (process: Process) => void> = {
    ...{ send, execute, answer, write },
    beat(process) {
      for (const act of [send, execute, answer]) act(process)
    },
    push({ lease }) {
      for (const one of feed.slice(-2)) lease.take(one)
    },
  }

  return {
    get acknowledged() {
      return acknowledged.size
    },

    take(step) {
      if (step.kind === 'wait') at += step.ms
      else for (const process of processes.slice(step.who, step.who + 1)) acts[step.kind](process)
      for (const [seq, isDue] of waiting) {
        if (!isDue()) continue
        waiting.delete(seq)
        acknowledged.add(seq)
      }
    },

    check() {
      const vouching = processes.filter(({ lease }) => lease.isCurrent())
      const missing = vouching.flatMap(({ lease }) =>
        [...acknowledged].filter((seq) => seq > (lease.position?.seq ?? 0)),
      )
      return { missing, vouching: vouching.length }
    },
  }
}
