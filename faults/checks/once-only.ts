/** P2: what is good for one use is good for one, whoever asks wherever, however often and however much later. */
import { type History, isEmptied, type Operation, type Violation } from '../history.ts'

export function checkOnceOnly({ operations, faults }: History): readonly Violation[] {
  const taken = new Map<string, Operation>()
  return operations.flatMap((operation): Violation[] => {
    const { act, outcome, key, replica } = operation
    if (act !== 'once' || outcome !== 'ok' || key === null) return []
    const first = taken.get(key)
    const isNew = first === undefined || isEmptied(faults, first, operation)
    if (isNew) taken.set(key, operation)
    if (isNew) return []
    const what = `${key} was taken at replica ${replica} although replica ${first.replica} had given it away`
    return [{ promise: 'P2', what, operations: [first, operation] }]
  })
}
