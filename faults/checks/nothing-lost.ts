/** P4: what was acknowledged as written is there, from whichever tab; and two increments are two. */
import { type Fault, type History, isEmptied, type Operation, type Violation } from '../history.ts'
import { livesOf } from '../life.ts'

export function checkNothingLost(history: History): readonly Violation[] {
  const found: Violation[] = []
  const bySession = Map.groupBy(history.operations, ({ session }) => session ?? '')
  for (const [session, life] of livesOf(history)) {
    const operations = bySession.get(session) ?? []
    found.push(...lostCounts(operations, history.faults))
    const isFull = ({ act, outcome, told, ended }: Operation): boolean =>
      act === 'read' && outcome === 'ok' && told.entries !== undefined && ended < life.endangered
    for (const read of operations.filter(isFull)) found.push(...missing(read, operations))
  }
  return found
}

function missing(read: Operation, operations: readonly Operation[]): readonly Violation[] {
  const entries = read.told.entries ?? {}
  return operations.flatMap((write): Violation[] => {
    const { act, outcome, key, value } = write
    // Every key is written once, so what was acknowledged has to be there as it is.
    if (act !== 'write' || outcome !== 'ok' || write.ended >= read.began || key === null) return []
    if (entries[key] === value) return []
    const what = `${read.session} lost ${key}: acknowledged as ${value}, read as ${entries[key] ?? 'nothing'}`
    return [{ promise: 'P4', what, operations: [write, read] }]
  })
}

function lostCounts(operations: readonly Operation[], faults: readonly Fault[]): readonly Violation[] {
  const seen = new Map<string, Operation>()
  return operations.flatMap((operation): Violation[] => {
    const { act, outcome, told } = operation
    if (act !== 'count' || outcome !== 'ok' || told.value == null) return []
    const same = seen.get(told.value)
    seen.set(told.value, operation)
    // An anonymous session begins anew, with the same credential: nothing of it was in the store that could be missed.
    if (same === undefined || isEmptied(faults, same, operation)) return []
    const what = `${operation.session}: two increments were both acknowledged as ${told.value}`
    return [{ promise: 'P4', what, operations: [same, operation] }]
  })
}
