/** Writing down what people change of their own account. */
import type { AuditAction, AuditLog, AuditOutcome } from '../audit.ts'
import type { Asker } from './asking.ts'

/** Does the work between two lines of the audit log. Rejects with `StoreError`, the work undone, where none can be written. */
export type OwnRecord = <Result>(
  action: AuditAction,
  userId: string,
  asker: Asker,
  work: () => Promise<Result>,
  outcomeOf: (result: Result) => AuditOutcome,
) => Promise<Result>

/** `authenticator`: who vouches for those it is about. */
export function ownRecord(audit: Pick<AuditLog, 'record'>, authenticator: string): OwnRecord {
  return (action, userId, { address }, work, outcomeOf) => {
    const account = { authenticator, userId }
    return audit.record({ kind: 'account', action, by: account, to: account, from: address }, work, outcomeOf)
  }
}

/** What is written down of a change that was made, or not. */
export function doneOrNot(outcome: string | { readonly done: boolean }): AuditOutcome {
  return typeof outcome === 'object' && outcome.done ? 'done' : 'refused'
}
