/** One run: a store, its replicas, people, faults, a quiet phase, and the verdict. */
import { fileURLToPath } from 'node:url'
import { leaseMs } from '../src/stores/replica-lease.ts'
import { type BackendName, startBackend } from './backend.ts'
import { checkAll } from './check.ts'
import { openCrowd } from './clients.ts'
import { startFleet } from './fleet.ts'
import type { History, Violation } from './history.ts'
import { type FaultKind, openNemesis } from './nemesis.ts'
import { seededRandom } from './random.ts'
import { openRecorder, type Recorder } from './recorder.ts'
import { type StoreWatch, watchStore } from './store-watch.ts'

export interface RunOptions {
  readonly store: BackendName
  readonly seed: number
  /** How long faults are made. */
  readonly seconds: number
  /** @default 3 */
  readonly replicas?: number
  /** @default 5 */
  readonly people?: number
  /** @default 60 */
  readonly pauseMs?: number
  /** How late answers may be because others use the machine, in milliseconds. @default 500 */
  readonly slack?: number
  /**
   * Whether the replicas share this machine's loopback rather than have a network each: browsers of other tests take a
   * network that comes or goes for a reason to drop their connections. @default false
   */
  readonly isOnLoopback?: boolean
  /** The root of the project, or of a copy of it. */
  readonly root?: string
  /** Only these, in this order, again and again; an empty list: none. @default any */
  readonly faults?: readonly FaultKind[]
  /** Of those that may come by chance, not these. */
  readonly without?: readonly FaultKind[]
  tell?(line: string): void
}

export interface RunResult {
  readonly history: History
  readonly violations: readonly Violation[]
  /** How long the slowest replica took to answer as usual after the last fault; infinite: it did not. */
  readonly healedMs: number
  readonly version: string
  readonly isNetwork: boolean
}

const healWithin = 10_000
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

export async function run(options: RunOptions): Promise<RunResult> {
  const { store, seed, seconds, replicas = 3, people = 5, pauseMs = 60, tell = () => {} } = options
  const { isOnLoopback = false } = options
  const root = options.root ?? fileURLToPath(new URL('..', import.meta.url))
  const random = seededRandom(seed)
  // Faults have a generator of their own: how people take turns is not for the seed to say.
  const faultRandom = seededRandom(seed ^ 0x5eed)
  const backend = await startBackend(store)
  let recorder: Recorder | null = null
  try {
    let isOver = false
    let watch: StoreWatch | null = null
    const fleet = await startFleet(backend, replicas, root, isOnLoopback || backend.isLocal)
    try {
      const recording = openRecorder()
      recorder = recording
      const crowd = openCrowd({ fleet, recorder: recording, random, pauseMs })
      const nemesis = openNemesis(fleet, crowd, backend, recording, faultRandom)
      const kinds = nemesis.kinds.filter((kind) => !options.without?.includes(kind))
      watch = watchStore(backend, recording)
      const working = crowd.run(people, () => isOver)
      await wait(1_000)
      const until = recording.now() + seconds * 1_000
      for (let count = 0; recording.now() < until; count++) {
        const given = options.faults
        const kind = given ? given[count % given.length] : faultRandom.pick(kinds)
        if (kind === undefined) {
          // No faults are wanted: people alone.
          await wait(until - recording.now())
          break
        }
        const ms = 300 + faultRandom.whole(2_500)
        tell(`${Math.round(recording.now())} ms: ${kind}, ${ms} ms`)
        await nemesis.strike(kind, ms)
        await wait(300 + faultRandom.whole(1_500))
      }
      const healed = recording.now()
      const well = await Promise.all(
        fleet.replicas.map(async (replica) => {
          while (recording.now() - healed < healWithin + 5_000) {
            if (await crowd.isWell(replica)) return recording.now() - healed
            await wait(50)
          }
          return Number.POSITIVE_INFINITY
        }),
      )
      isOver = true
      await working
      await crowd.askAll()
      await wait(200)
      await watch.stop()
      const history = recording.history()
      crowd.close()
      const healedMs = Math.max(...well)
      const late: Violation[] =
        healedMs <= healWithin
          ? []
          : [{ promise: 'P7', what: `a replica needed ${healedMs} ms to answer as usual`, operations: [] }]
      const fallen = fleet.replicas.flatMap(({ number, falls }) =>
        falls.map((code): Violation => {
          return { promise: 'P7', what: `replica ${number} ended by itself: ${code}`, operations: [] }
        }),
      )
      const isNetwork = fleet.replicas.every(({ place }) => place.plug !== null)
      const { version } = backend
      return {
        history,
        violations: [
          ...fallen,
          ...checkAll(history, { slack: options.slack, lease: store === 'sqlite' ? 0 : leaseMs }),
          ...late,
        ],
        healedMs,
        version,
        isNetwork,
      }
    } finally {
      // Also where the run broke off: both would go on for good.
      isOver = true
      void watch?.stop()
      await fleet.remove()
    }
  } finally {
    recorder?.stop()
    await backend.remove()
  }
}
