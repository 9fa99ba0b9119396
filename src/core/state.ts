/**
 * What people were working on: values under keys, in scopes. These are the contracts; `session-state.ts` keeps them.
 *
 * A scope belongs to a `tab`, to a `session` (this browser, as long as it is signed in), to a `user` (wherever they sign
 * in), or to the `app`. Absence is `undefined`, for `null` is a value. Every call rejects with `StoreError` when the
 * store cannot tell; then the outcome of a write is unknown.
 */
import type { Value } from './value.ts'

/** A value and its version, which grows with every write of its key. */
export interface StateItem {
  readonly value: Value
  readonly version: number
}

/** As `StateItem`, with the value as it is written: JSON text. */
export interface StateText {
  readonly text: string
  readonly version: number
}

/**
 * One operation of a write. `ifVersion` makes it conditional: a version, or `null` for "the key is absent". Of several on
 * one key the last value stays.
 */
export type ItemChange =
  | { readonly key: string; readonly value: unknown; readonly ifVersion?: number | null }
  | { readonly key: string; readonly delete: true; readonly ifVersion?: number | null }

/** As `ItemChange`, with the value as JSON text; `null` deletes. */
export interface TextChange {
  readonly key: string
  readonly text: string | null
  readonly ifVersion?: number | null
}

/**
 * `written`: everything was, in one step, and no crash undoes it; `versions` are those the keys have now, and a key that
 * was deleted although absent is not among them. Of the others nothing was written at all. `conflict`: these keys had
 * another version. `gone`: the session has ended. `too-large`: the value under `key` has `bytes` bytes, or (`of: 'scope'`)
 * the whole scope would have come to so many, `key` being the largest of the write.
 */
export type StateOutcome =
  | { readonly outcome: 'written'; readonly versions: ReadonlyMap<string, number> }
  | { readonly outcome: 'conflict'; readonly keys: readonly string[] }
  | { readonly outcome: 'gone' }
  | {
      readonly outcome: 'too-large'
      readonly of: 'value' | 'scope'
      readonly key: string
      readonly bytes: number
      readonly limit: number
    }

/**
 * What happened to a scope. `changed`: what these keys hold now, `null` where they were deleted; own writes are told too.
 * A key that was deleted and that nobody here ever saw is not named. `gap`: changes may have been missed, look again.
 * `ended`: the session has ended, and nothing follows.
 */
export type StateEvent =
  | { readonly kind: 'changed'; readonly items: ReadonlyMap<string, StateItem | null> }
  | { readonly kind: 'gap' }
  | { readonly kind: 'ended' }

/** As `StateEvent`, with the values as JSON text. */
export type StateTextEvent =
  | { readonly kind: 'changed'; readonly items: ReadonlyMap<string, StateText | null> }
  | { readonly kind: 'gap' }
  | { readonly kind: 'ended' }

/**
 * The same scope for those who only carry values and must not change them by reading: integral floats of Python, the
 * order of keys. Texts are checked to be values before they are stored.
 */
export interface EncodedState {
  /** The entries present among `keys`; all of them if `keys` is omitted. Of an ended session: none. */
  read(keys?: readonly string[]): Promise<ReadonlyMap<string, StateText>>
  /** Throws `ValueError` for a text that is no value, and `StateError` (`ERR_STATE_KEY`) for what can be no key. */
  write(changes: readonly TextChange[]): Promise<StateOutcome>
  watch(listener: (event: StateTextEvent) => void): () => void
}

/** The values of one scope. */
export interface ScopedState {
  /** The value; `undefined` if there is none, or the session has ended. */
  get(key: string): Promise<Value | undefined>
  /** The entries present among `keys`; all of them if `keys` is omitted. */
  entries(keys?: readonly string[]): Promise<ReadonlyMap<string, StateItem>>
  /**
   * Applies all changes or none. Throws `ValueError` for a value that cannot be kept, and `StateError` (`ERR_STATE_KEY`)
   * for what can be no key: nothing was written then either.
   */
  write(changes: readonly ItemChange[]): Promise<StateOutcome>
  /**
   * Stores a value and resolves to its version. As `write`, and throws `StateError` where there is nothing to decide:
   * `ERR_STATE_TOO_LARGE`, `ERR_SESSION_ENDED`.
   */
  set(key: string, value: unknown): Promise<number>
  /** Removes a key. `false`: there was none. Throws `StateError` (`ERR_SESSION_ENDED`). */
  delete(key: string): Promise<boolean>
  /** Removes all keys there are. Throws `StateError` (`ERR_SESSION_ENDED`). */
  clear(): Promise<void>
  /** Calls the listener, in order, for what any process changes from now on. Returns how to stop. */
  watch(listener: (event: StateEvent) => void): () => void
  readonly encoded: EncodedState
}

/** The scopes that one session opens. */
export interface SessionState {
  readonly sid: string
  /** The keyed pseudonym of who signed in; `null` while anonymous. */
  readonly owner: string | null
  /** Dies with the session. */
  readonly session: ScopedState
  /** Follows the person; opens only while the session lives. `null` while anonymous. */
  readonly user: ScopedState | null
  /** Everybody's. */
  readonly app: ScopedState
  /** Of one tab, named by any text of up to 200 characters. Dies with the session, or when fifty others came after it. */
  tab(id: string): ScopedState
  /** What a tab's page itself keeps (its widgets), apart from what the app keeps of the tab. */
  page(id: string): ScopedState
}

/** Opens state: for who holds a capability, that is, got it with a request of a live session. */
export interface StateEngine {
  /**
   * The scopes of a capability; `null` for anything that this key ring did not write for this app, and past the session's
   * absolute deadline. No store call: an ended session shows in what the scopes answer.
   */
  of(capability: string): SessionState | null
  /** Everybody's state, for an app that has no session at hand. */
  readonly app: ScopedState
}

/** How much there may be, in bytes. */
export interface StateLimits {
  /** Of one value as JSON text. @default 1 MiB */
  readonly value: number
  /** Of all values in a scope, as they are stored: padded to whole kilobytes. @default 8 MiB */
  readonly scope: number
}
