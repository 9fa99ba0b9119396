/** Writes the history down while it happens. */
import type { Fault, HeldSocket, History, Operation, Outcome, Stall, Told } from './history.ts'

/** What is known of an operation when it begins. */
export type Begun = Pick<Operation, 'act' | 'replica'> &
  Partial<Pick<Operation, 'session' | 'replaces' | 'user' | 'key' | 'value'>>

/** What is known when it ends. */
export interface Ended {
  readonly outcome: Outcome
  readonly status?: number
  readonly setsCookie?: boolean
  readonly told?: Told
}

export interface Recorder {
  now(): number
  /** Runs it and writes it down; an error that it throws is an unknown outcome. */
  record(begun: Begun, act: () => Promise<Ended>): Promise<Operation>
  /** A socket that has opened; returns what is to be called when it closed. */
  socket(session: string, replica: number): () => void
  stall(stall: Stall): void
  fault(fault: Omit<Fault, 'began' | 'ended'>, during: () => Promise<void>): Promise<void>
  readonly operations: readonly Operation[]
  history(): History
  stop(): void
}

const tickMs = 50
// What timers are late by on any busy machine.
const lateMs = 100

export function openRecorder(): Recorder {
  const start = performance.now()
  const now = (): number => performance.now() - start
  const operations: Operation[] = []
  const sockets: { session: string; replica: number; opened: number; closed: number | null }[] = []
  const faults: Fault[] = []
  const stalls: Stall[] = []
  let count = 0
  let ticked = now()
  const timer = setInterval(() => {
    const at = now()
    if (at - ticked > tickMs + lateMs) stalls.push({ of: 'suite', began: ticked, ended: at })
    ticked = at
  }, tickMs)

  return {
    now,
    operations,
    async record(begun, act) {
      const number = count++
      const began = now()
      const nothing = { session: null, replaces: null, user: null, key: null, value: null }
      const result = await act().catch((): Ended => ({ outcome: 'unknown' }))
      const { outcome, status = null, setsCookie = false, told = {} } = result
      const operation: Operation = {
        ...{ ...nothing, ...begun },
        ...{ number, began, ended: now(), outcome, status, setsCookie, told },
      }
      operations.push(operation)
      return operation
    },
    socket(session, replica) {
      const held = { session, replica, opened: now(), closed: null as number | null }
      sockets.push(held)
      return () => {
        held.closed ??= now()
      }
    },
    async fault(fault, during) {
      const began = now()
      try {
        await during()
      } finally {
        faults.push({ ...fault, began, ended: now() })
      }
    },
    stall: (stall) => void stalls.push(stall),
    history: () => ({
      operations: operations.toSorted((one, other) => one.began - other.began),
      sockets: sockets.map((held): HeldSocket => ({ ...held })),
      faults: [...faults],
      stalls: [...stalls],
      end: now(),
    }),
    stop: () => clearInterval(timer),
  }
}
