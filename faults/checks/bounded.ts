/** P6: no answer takes longer than a second, and half of one that a busy machine adds. */
import { type History, overlaps, type Violation } from '../history.ts'

export function checkBounded({ operations, faults, stalls }: History, most = 1_500): readonly Violation[] {
  return operations.flatMap((operation): Violation[] => {
    // At the suite's own door a rotation is three calls of the store, one after another.
    if (operation.act === 'rotate') return []
    const isHidden = faults.some(
      (fault) =>
        fault.hidesReplica &&
        (fault.replica === null || fault.replica === operation.replica) &&
        overlaps(fault, operation),
    )
    if (isHidden) return []
    const stalled = stalls
      .filter((stall) => overlaps(stall, operation))
      .reduce((sum, stall) => sum + stall.ended - stall.began, 0)
    const took = operation.ended - operation.began - stalled
    if (took <= most) return []
    const what = `replica ${operation.replica}: ${operation.act} took ${Math.round(took)} ms and ended ${operation.outcome}`
    return [{ promise: 'P6', what, operations: [operation] }]
  })
}
