import { StoreError } from '../core/errors.ts'
import {
  type Acknowledgement,
  createAcknowledgement,
  type LeaseClock,
  patienceMs,
  type ReplicaRow,
  type RollCall,
} from './replica-lease.ts'

/** What a beat has told, for those who wait. */
export interface Heard {
  /** When it was sent, on the monotonic clock. */
  readonly sentAt: number
  /** The head of the feed. */
  readonly seq: number
  /** Another one after a crash, a failover or a restored backup. */
  readonly history: string
  /** Whether leases of the history before this one may still run. */
  readonly isYoung: boolean
  readonly others: readonly ReplicaRow[]
}

/** Writes that were made and wait until no process trusts what was before them. */
export interface Waiting {
  readonly size: number
  /** Resolves when every other process has confirmed, or all leases from before are over. Rejects at `deadline`. */
  wait(deadline: number): Promise<void>
  heard(heard: Heard): void
}

interface Waiter {
  /** When the write was answered. */
  readonly at: number
  /** Made at the first beat that was sent after the write; `null` from then on means: only time can tell. */
  acknowledgement: Acknowledgement | null | undefined
  history: string
  resolve(): void
}

export function createWaiting(name: string, roll: RollCall, clock: Pick<LeaseClock, 'monotonic'>): Waiting {
  const waiters = new Set<Waiter>()

  function begin({ at }: Waiter, { seq, others, isYoung }: Heard): Acknowledgement | null {
    // After a crash the rows of those who still hold a lease are lost, so that only time can tell.
    return isYoung ? null : createAcknowledgement({ seq, others, at }, roll, clock)
  }

  function hear(waiter: Waiter, heard: Heard): void {
    // A beat that was sent before the write was answered may have been made before it.
    if (heard.sentAt < waiter.at) return
    if (waiter.acknowledgement === undefined) {
      waiter.acknowledgement = begin(waiter, heard)
      waiter.history = heard.history
    }
    if (waiter.history !== heard.history) waiter.acknowledgement = null
    if (waiter.acknowledgement?.isDue(heard.others)) waiter.resolve()
  }

  function refusal(): StoreError {
    const message =
      `Postgres store ${name}: the change was made, but not every process that uses the store has confirmed it. ` +
      'Try again.'
    return new StoreError('ERR_STORE_TIMEOUT', message)
  }

  return {
    get size() {
      return waiters.size
    },

    wait(deadline) {
      return new Promise((resolve, reject) => {
        const at = clock.monotonic()
        const dueAt = at + patienceMs
        const settle = (act: () => void) => (): void => {
          if (!waiters.delete(waiter)) return
          clearTimeout(alarm)
          act()
        }
        const waiter: Waiter = {
          at,
          acknowledgement: undefined,
          history: '',
          resolve: settle(resolve),
        }
        // By then every lease that began before the write is over, whatever the others say or cannot say.
        const late = dueAt <= deadline ? waiter.resolve : settle(() => reject(refusal()))
        // After the poll phase: a process that was busy itself must first look whether it was told.
        const alarm = setTimeout(() => setImmediate(late), Math.max(1, Math.min(dueAt, deadline) - at))
        waiters.add(waiter)
      })
    },

    heard(heard) {
      for (const waiter of waiters) hear(waiter, heard)
    },
  }
}
