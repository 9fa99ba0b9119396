/** P7: ten seconds after the last fault everything is as before, without anybody's help. */
import type { History, Violation } from '../history.ts'

export function checkHeals({ operations, faults }: History, within = 10_000): readonly Violation[] {
  const isQuiet = (began: number, ended: number): boolean =>
    faults.every((fault) => fault.ended + within < began || fault.began > ended)
  return operations.flatMap((operation): Violation[] => {
    const { outcome, act, replica, began, ended } = operation
    if ((outcome !== 'unavailable' && outcome !== 'unknown') || !isQuiet(began, ended)) return []
    const what = `replica ${replica}: ${act} was ${outcome} although nothing had been wrong for ${within} ms`
    return [{ promise: 'P7', what, operations: [operation] }]
  })
}
