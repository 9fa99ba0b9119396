/** P1: who is out is out, everywhere and at once; and what was open closes. */
import type { History, Violation } from '../history.ts'
import { isLetIn, livesOf } from '../life.ts'

export interface SocketBounds {
  /** How long a socket may stay after the acknowledgement while nothing is wrong, and where the machine is busy. */
  readonly usual: number
  /** How long it may stay where a fault may have hidden the end from its replica. */
  readonly worst: number
}

export function checkOutIsOut(history: History, bounds: SocketBounds): readonly Violation[] {
  const lives = livesOf(history)
  const found: Violation[] = []
  for (const operation of history.operations) {
    const ended = lives.get(operation.session ?? '')?.ended
    if (ended == null || !isLetIn(operation) || operation.began <= ended.ended) continue
    const later = Math.round(operation.began - ended.ended)
    const what = `${operation.session} was let in by replica ${operation.replica}, ${later} ms after its ${ended.act} was acknowledged`
    found.push({ promise: 'P1', what, operations: [ended, operation] })
  }
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
