/** P7: ten seconds after the last fault everything is as before, without anybody's help, as long as the store is. */
import { type History, overlaps, type Violation } from '../history.ts'

export function checkHeals({ operations, faults, stalls }: History, within = 10_000): readonly Violation[] {
  const isQuiet = (began: number, ended: number): boolean =>
    faults.every((fault) => fault.ended + within < began || fault.began > ended)
  return operations.flatMap((operation): Violation[] => {
    const { outcome, act, replica, began, ended } = operation
    if ((outcome !== 'unavailable' && outcome !== 'unknown') || !isQuiet(began, ended)) return []
    // A call of the store may take a second, whoever took half of it.
    const stalled = stalls.filter((stall) => overlaps(stall, operation))
    if (stalled.reduce((sum, stall) => sum + stall.ended - stall.began, 0) > 500) return []
    const what = `replica ${replica}: ${act} was ${outcome} although nothing had been wrong for ${within} ms`
    return [{ promise: 'P7', what, operations: [operation] }]
  })
}
