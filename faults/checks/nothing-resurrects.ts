/**
 * P2: a session that was refused once is never let in again, whether or not its end was acknowledged: a lease later, for
 * until the acknowledgement, which P1 holds to at once, one replica knows of an end and the next does not.
 */
import { type History, isProvisional, type Operation, type Violation } from '../history.ts'
import { isLetIn, livesOf, mayBeginAnew } from '../life.ts'

export function checkNothingResurrects({ operations, faults }: History, lease = 0): readonly Violation[] {
  const lives = livesOf({ operations })
  const refusals = new Map<string, Operation>()
  for (const operation of operations) {
    const { session, outcome, act } = operation
    if (session === null || outcome !== 'refused' || act === 'sign-in') continue
    if (isProvisional(operation, faults)) continue
    const first = refusals.get(session)
    if (first === undefined || operation.ended < first.ended) refusals.set(session, operation)
  }
  return operations.flatMap((operation): Violation[] => {
    const refused = refusals.get(operation.session ?? '')
    if (refused === undefined || !isLetIn(operation)) return []
    // Whatever was trusted when the refusal was given is not trusted any more.
    if (operation.began <= refused.ended + lease) return []
    if (mayBeginAnew(lives.get(refused.session ?? ''), operation, faults)) return []
    const what = `${operation.session} was let in by replica ${operation.replica} after replica ${refused.replica} had refused it`
    return [{ promise: 'P2', what, operations: [refused, operation] }]
  })
}
