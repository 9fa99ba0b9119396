/** P6: no call of the store takes longer than a second, and so no answer longer than the calls that it rests on. */
import { type Act, type History, type Operation, overlaps, stalledFor, type Violation } from '../history.ts'

/** How many calls of the store one after another an answer may rest on. */
const calls: Readonly<Record<Act, number>> = {
  use: 1,
  forged: 1,
  revoke: 1,
  'revoke-user': 1,
  'revoke-all': 1,
  once: 1,
  // Who asks, and then what they ask for.
  'sign-out': 2,
  begin: 2,
  read: 2,
  write: 2,
  // The app reads, and writes on condition.
  count: 3,
  // At the suite's own door: look up, read again, rotate.
  rotate: 3,
  // Three counters against guessing, where the sign-in begins, whether the account is kept out, the new session, the end of
  // the old one.
  'sign-in': 7,
}

/** `slack` is what a busy machine adds, in milliseconds. */
export function checkBounded({ operations, faults, stalls }: History, slack = 500): readonly Violation[] {
  const isHidden = (operation: Operation): boolean =>
    faults.some(
      (fault) =>
        fault.hidesReplica &&
        (fault.replica === null || fault.replica === operation.replica) &&
        overlaps(fault, operation),
    )
  const ofSuite = stalls.filter(({ of }) => of === 'suite')
  return operations.flatMap((operation): Violation[] => {
    if (isHidden(operation)) return []
    const { act, replica, began, ended, outcome } = operation
    const took = ended - began - stalledFor(ofSuite, operation)
    if (took <= calls[act] * 1_000 + slack) return []
    const what = `replica ${replica}: ${act} took ${Math.round(took)} ms and ended ${outcome}`
    return [{ promise: 'P6', what, operations: [operation] }]
  })
}
