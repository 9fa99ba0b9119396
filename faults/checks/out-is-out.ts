/** P1: who is out is out, everywhere and at once; and what was open closes. */
import { type Fault, type History, type Operation, overlaps, type Violation } from '../history.ts'
import { isLetIn, type Life, livesOf, mayBeginAnew } from '../life.ts'

export interface SocketBounds {
  /** How long a socket may stay after the acknowledgement while nothing is wrong, and where the machine is busy. */
  readonly usual: number
  /** How long it may stay where a fault may have hidden the end from its replica. */
  readonly worst: number
}

export function checkOutIsOut(history: History, bounds: SocketBounds): readonly Violation[] {
  const lives = livesOf(history)
  const found = letInAfterwards(history, lives)
  for (const socket of history.sockets) {
    const ended = lives.get(socket.session)?.ended
    if (ended == null) continue
    const closed = socket.closed ?? history.end
    const stretch = { began: ended.began, ended: closed }
    const isTroubled = [...history.faults, ...history.stalls].some(
      (fault) => fault.began <= stretch.ended && fault.ended + 1_000 >= stretch.began,
    )
    const stayed = closed - Math.max(ended.ended, socket.opened)
    if (stayed <= (isTroubled ? bounds.worst : bounds.usual)) continue
    const what = `a socket of ${socket.session} stayed ${Math.round(stayed)} ms on replica ${socket.replica} after the acknowledgement`
    found.push({ promise: 'P1', what, operations: [ended] })
  }
  return found
}

function letInAfterwards(history: History, lives: ReadonlyMap<string, Life>): Violation[] {
  const found: Violation[] = []
  for (const operation of history.operations) {
    const life = lives.get(operation.session ?? '')
    const ended = life?.ended
    if (ended == null || !isLetIn(operation) || operation.began <= ended.ended) continue
    if (mayBeginAnew(life, operation, history.faults)) continue
    // It was gone from the store already: there was nothing left to end, and memory elsewhere lasts for a lease.
    if (ended.act === 'sign-out' && isBeingEmptied(ended, operation, history.faults)) continue
    const later = Math.round(operation.began - ended.ended)
    const what = `${operation.session} was let in by replica ${operation.replica}, ${later} ms after its ${ended.act} was acknowledged`
    found.push({ promise: 'P1', what, operations: [ended, operation] })
  }
  return found
}

function isBeingEmptied(ended: Operation, operation: Operation, faults: readonly Fault[]): boolean {
  return faults.some(
    (fault) => fault.kind === 'empty store' && overlaps(fault, ended) && overlaps(fault, operation),
  )
}
