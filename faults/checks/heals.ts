/** P7: ten seconds after the last fault everything is as before, without anybody's help, as long as the store is. */
import { type History, stalledFor, type Violation } from '../history.ts'

export function checkHeals({ operations, faults, stalls }: History, within = 10_000): readonly Violation[] {
  const isQuiet = (began: number, ended: number): boolean =>
    faults.every((fault) => fault.ended + within < began || fault.began > ended)
  return operations.flatMap((operation): Violation[] => {
    const { outcome, act, replica, began, ended } = operation
    if ((outcome !== 'unavailable' && outcome !== 'unknown') || !isQuiet(began, ended)) return []
    // A call of the store may take a second, whoever took half of it.
    if (stalledFor(stalls, operation) > 500) return []
    const what = `replica ${replica}: ${act} was ${outcome} although nothing had been wrong for ${within} ms`
    return [{ promise: 'P7', what, operations: [operation] }]
  })
}
