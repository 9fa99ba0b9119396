/** An object that is kept under a name in a scope. These are the contracts; `persist.ts` keeps them. */
import type { StandardSchema } from './standard-schema.ts'

/** How an object is kept. */
export interface PersistOptions<State extends object> {
  /** Counts changes of the fields' meaning: one more whenever `migrate` has something to do. @default 1 */
  readonly version?: number
  /** What an older version left, turned into what this one means. Gets plain fields, and the version they are of. */
  readonly migrate?: (fields: Record<string, unknown>, from: number) => Record<string, unknown>
  /** What the fields must be, of any library that speaks Standard Schema; asked when they are read back. */
  readonly schema?: StandardSchema<Partial<State>>
  /**
   * Where another tab changed the same field since it was read. `overwrite`: what is saved last stays. `keep`: what the
   * other saved stays, and this object takes it over. `refuse`: nothing is saved, and `save` says so. @default 'overwrite'
   */
  readonly merge?: 'overwrite' | 'keep' | 'refuse'
  /**
   * Where what is kept cannot be used: refused by the schema, or of a newer version. `refuse`: opening throws `StateError`
   * (`ERR_STATE_INVALID`). `reset`: it starts anew, and the next save replaces it. @default 'refuse'
   */
  readonly invalid?: 'refuse' | 'reset'
}

/**
 * `saved`: these fields were written, in one step (none, if nothing had changed). `conflict`: none was, for these were
 * changed by others meanwhile (`merge: 'refuse'`). `gone`: the session has ended.
 */
export type SaveOutcome =
  | { readonly outcome: 'saved'; readonly fields: readonly string[] }
  | { readonly outcome: 'conflict'; readonly fields: readonly string[] }
  | { readonly outcome: 'gone' }

/** An object under a name in a scope. */
export interface Persisted<State extends object> {
  /** To be changed at will, however deep; nothing is written before `save`. */
  readonly state: State
  /**
   * Writes what changed, each field for itself: tabs that change different fields both keep theirs. Throws `ValueError`
   * for what cannot be kept, and `StateError` (`ERR_STATE_TOO_LARGE`); then nothing was written.
   */
  save(): Promise<SaveOutcome>
}
