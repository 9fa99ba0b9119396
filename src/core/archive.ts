/** What moving everything from one store to another needs of both. */
import type { Epoch, StateEntry, StateScope, StoredSession, Succession } from './contracts.ts'

/** One thing that a store keeps, for another store to take over. Deadlines of what is counted are the store's own. */
export type StoreRow =
  | { readonly kind: 'epoch'; readonly epoch: Epoch; readonly before: number; readonly at: number }
  /** An id that is not live any more. `next` while its successor lives. */
  | {
      readonly kind: 'retired'
      readonly id: string
      readonly sid: string
      readonly absoluteAt: number
      readonly next: Succession | null
    }
  /** A record that may be revoked by an epoch, or be past its deadlines. */
  | { readonly kind: 'session'; readonly session: StoredSession }
  /** `floor`: the highest version that a deletion took. */
  | { readonly kind: 'scope'; readonly scope: StateScope; readonly floor: number }
  | { readonly kind: 'entry'; readonly scope: StateScope; readonly key: string; readonly entry: StateEntry }
  | { readonly kind: 'once'; readonly key: string; readonly until: number }
  | { readonly kind: 'hits'; readonly key: string; readonly until: number; readonly count: number }
  | { readonly kind: 'keyring'; readonly version: number; readonly box: Uint8Array }

/**
 * A store that no gateway uses, opened to move everything in it. Every method rejects with `StoreError` when the store
 * cannot tell, and the opener with `ConfigError` when a gateway seems to use it.
 */
export interface StoreArchive {
  /** Everything: epochs first and the keyring last, so that what was taken over in part opens for nobody. */
  rows(): AsyncIterable<StoreRow>
  /** Keeps the rows as they are, all or none; those that it has already stay. */
  take(rows: readonly StoreRow[]): Promise<void>
  /** Removes what was taken, to begin anew. Rejects with `ConfigError` where there is a root key: that is somebody's store. */
  clear(): Promise<void>
  /** Puts everything where no gateway finds it: what ends elsewhere from now on must not come back from here. Says where. */
  retire(): Promise<string>
  close(): Promise<void>
}

/** Why a store that has a root key is not cleared. */
export const hasKeys =
  'The new store has got a root key meanwhile: a gateway uses it. Stop it, and name an empty store.'
