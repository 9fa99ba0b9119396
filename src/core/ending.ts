/** What a change in the store means for those who hold something open for a session. */
import type { StoreChange } from './contracts.ts'
import type { Session } from './session.ts'
import { isCovered } from './session-cache.ts'

/** What ended, for those who hold sockets open. `recheck`: changes may have been missed, ask for every session. */
export type Ending =
  | { readonly kind: 'ended'; covers(session: Session): boolean }
  | { readonly kind: 'recheck' }

/** Which sessions a change ends; `null` for one that ends none. */
export function endingOf(change: StoreChange): Ending | null {
  if (change.kind === 'ended') return { kind: 'ended', covers: (session) => session.sid === change.sid }
  if (change.kind === 'revoked') return { kind: 'ended', covers: (session) => isCovered(session, change) }
  return change.kind === 'gap' ? { kind: 'recheck' } : null
}
