/**
 * P9: who has written never reads anything older afterwards, on whatever replica, and nor does who has read, a lease later:
 * what was read may be another tab's write that has not been acknowledged yet.
 */
import { type Fault, type History, isProvisional, type Operation, type Violation } from '../history.ts'
import { livesOf } from '../life.ts'

function versionOf({ act, outcome, told }: Operation): number | null {
  if (outcome !== 'ok' || (act !== 'write' && act !== 'count' && act !== 'read')) return null
  return told.version ?? null
}

export function checkReadYourWrites(history: History, lease = 0): readonly Violation[] {
  const lives = livesOf(history)
  const withVersion = history.operations.filter((one) => one.key !== null && versionOf(one) !== null)
  const byKey = Map.groupBy(withVersion, ({ session, key }) => `${session} ${key}`)
  return [...byKey.values()].flatMap((touched) => {
    // Of a session that may have ended meanwhile nothing can be read.
    const reads = touched.filter(
      ({ act, ended, session }) => act === 'read' && ended < (lives.get(session ?? '')?.endangered ?? 0),
    )
    return reads.flatMap((read) => olderThanKnown(read, touched, history.faults, lease))
  })
}

function olderThanKnown(
  read: Operation,
  touched: readonly Operation[],
  faults: readonly Fault[],
  lease: number,
): readonly Violation[] {
  const seen = versionOf(read) ?? 0
  const isKnown = (one: Operation): boolean => one.act !== 'read' || !isProvisional(one, faults)
  const knownAt = ({ act, ended }: Operation): number => (act === 'read' ? ended + lease : ended)
  const newer = touched.find(
    (one) => knownAt(one) < read.began && (versionOf(one) ?? 0) > seen && isKnown(one),
  )
  if (newer === undefined) return []
  const what = `${read.session}: replica ${read.replica} read version ${seen} of ${read.key} after version ${versionOf(newer)} was known`
  return [{ promise: 'P9', what, operations: [newer, read] }]
}
