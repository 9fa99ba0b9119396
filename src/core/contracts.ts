/**
 * What the parts of Holdfast promise each other. The comments are the contract; `src/testing/store-contract.ts` proves it.
 *
 * Instants are epoch milliseconds and end in `At`. `null` means "there is none". Absent and unavailable are different
 * things everywhere: absence is a value, unavailability is a thrown `StoreError`, and never the one for the other.
 */

import type { SessionLimit } from './session-limit.ts'

/** What JSON can say. */
export type Json = string | number | boolean | null | readonly Json[] | JsonObject
/** An object of JSON. */
export type JsonObject = { readonly [key: string]: Json }

/** Who someone is, as vouched for by the named authenticator. `userId` is stable for the life of the account. */
export interface Identity {
  readonly userId: string
  readonly authenticator: string
  /** What is known of the person: `name`, `email`, `roles: string[]`, and whatever the authenticator adds. */
  readonly claims: JsonObject
}

/** Checks a submitted name and password. */
export interface CredentialsAuthenticator {
  readonly kind: 'credentials'
  readonly name: string
  /**
   * Resolves to the identity, or to `null` for wrong credentials: without saying which half was wrong, and in the same
   * time for known and unknown names. Rejects with `AuthError` when it cannot tell.
   */
  verify(username: string, password: string, signal: AbortSignal): Promise<Identity | null>
}

/**
 * One session as a store keeps it. A store never sees a token, a name or a value: `id` is a one-way image of the token,
 * `user` a keyed pseudonym, `sealed` and `key` are AES-256-GCM boxes. `sealed` binds `id`, `sid`, `user`, `version`,
 * `createdAt` and `absoluteAt`, so that a row that was swapped or prolonged by a database writer does not open.
 */
export interface StoredSession {
  /** One-way image of the token; changes at rotation. 43 characters of base64url. */
  readonly id: string
  /** Names the session for its whole life, across rotations. 22 characters of base64url. */
  readonly sid: string
  /** Keyed pseudonym of the user; `null` while anonymous. */
  readonly user: string | null
  /** When it was made, by the clock of the replica that made it: for deadlines and lists. No revocation goes by it. */
  readonly createdAt: number
  /**
   * The `Mark` of the moment in which its sign-in began, before the password was checked: every revocation with a higher
   * number came later, and ends it. No clock has a say in that.
   */
  readonly begun: number
  /** The idle deadline; `touch` moves it. */
  readonly idleAt: number
  /** The absolute deadline; nothing moves it. */
  readonly absoluteAt: number
  /** Starts at 1; every `update` and `rotate` makes it one more. */
  readonly version: number
  /** Identity, device, policy: sealed for servers. */
  readonly sealed: Uint8Array
  /** The session's data key, wrapped under a key that only the token yields. */
  readonly key: Uint8Array
}

/** Where a rotated token leads. */
export interface Succession {
  /** `id` of the session that took over. */
  readonly id: string
  /** The successor's token, sealed under a key that only the old token yields. */
  readonly sealedToken: Uint8Array
  /** When the successor was first presented; `null` until then. From that instant the old token's grace runs. */
  readonly presentedAt: number | null
}

/** What the store knows of an id. */
export type Found =
  | { readonly state: 'live'; readonly session: StoredSession }
  | { readonly state: 'rotated'; readonly next: Succession }

/**
 * `created`; or `ended`: this id or sid was used before; or `revoked`: a revocation came after `begun`; or `full`: its
 * user has as many sessions as the limit allows. Asked in this order.
 */
export type Creation = 'created' | 'ended' | 'revoked' | 'full'

/** Whose sessions a revocation ends: those of one user (by pseudonym), or everyone's. */
export type Epoch = { readonly user: string } | 'all'

/** Where the store is in the order of its revocations. */
export interface Mark {
  /** The number of the newest revocation of anybody. Each is greater than all before it, whatever clocks do. */
  readonly number: number
  /** The latest `at` of the revocations that cover the user asked for; 0 if there was none. */
  readonly revokedAt: number
}

/**
 * Who owns a piece of state. `sid` names the session it dies with, or is `null` for state that outlives sessions
 * (`user` and `app` scopes). `name` tells the scopes of one owner apart, and is a pseudonym wherever it could tell
 * something. Stores see no key and no value in clear.
 */
export interface StateScope {
  readonly sid: string | null
  readonly name: string
}

/** One key of a scope, as the store keeps it. */
export interface StateEntry {
  readonly value: Uint8Array
  /**
   * Grows by one with every write of this key, its deletion included. A key written anew continues above the highest
   * version ever deleted in its scope, so that no version comes back; where nothing was deleted it starts at 1.
   */
  readonly version: number
}

/**
 * One operation on one key. `ifVersion` makes it conditional: a number for that version, `null` for "absent". Of several
 * on one key all conditions are held against what was there before the write, and the last value stays.
 */
export interface StateChange {
  readonly key: string
  /** The new value; `null` deletes. */
  readonly value: Uint8Array | null
  readonly ifVersion?: number | null
}

/**
 * `written`: every operation was applied, as one; `versions` are those that the keys, deleted ones too, have now. A key
 * that was deleted although absent is untouched and not among them. `conflict`: none was; `keys` are those whose version was another.
 * `gone`: none was, for the session that owns the scope is not live. `full`: none was, for the scope would have held
 * `bytes` bytes of values, more than it may. Asked in the order gone, conflict, full.
 */
export type StateWrite =
  | { readonly outcome: 'written'; readonly versions: ReadonlyMap<string, number> }
  | { readonly outcome: 'conflict'; readonly keys: readonly string[] }
  | { readonly outcome: 'gone' }
  | { readonly outcome: 'full'; readonly bytes: number }

/** What a store tells its watchers. Delivered at least once, in the order of the store's own writes. */
export type StoreChange =
  /** The session ended: signed out, revoked by sid, or its family was ended. `why`: a limit made it give way to another. */
  | { readonly kind: 'ended'; readonly id: string; readonly sid: string; readonly why?: 'replaced' }
  /** The session's record changed (update) or its id did (rotate): what is cached under `id` is out of date. */
  | { readonly kind: 'changed'; readonly id: string; readonly sid: string }
  /** Every session of the epoch with a `begun` less than `before`, the number of the revocation, ended. */
  | { readonly kind: 'revoked'; readonly epoch: Epoch; readonly before: number }
  /** State of this scope was written: these keys changed. */
  | { readonly kind: 'state'; readonly scope: StateScope; readonly keys: readonly string[] }
  /** Changes may have been missed: drop everything cached and look again. */
  | { readonly kind: 'gap' }

/**
 * Keeps sessions, their state, and the few counters the rest needs.
 *
 * Every method rejects with `StoreError` when the store cannot tell or cannot confirm; then the outcome of a write is
 * unknown. A write that resolved is durable as far as the store's mode promises, and is seen by every later read on
 * every replica. Check-and-act is one atomic step in the store, never a read followed by a write.
 */
export interface SessionStore {
  /** Which store this is, for messages and docs: `memory`, `sqlite`, `redis`, `postgres`. */
  readonly kind: string

  /**
   * Stores a new session unless its id or sid was ever used (live, rotated or ended: a tombstone is kept until the
   * absolute deadline) or a revocation numbered higher than `begun` covers it. Creating the same record twice answers
   * `ended`.
   *
   * With a limit, and for a user: only if no more than `most` sessions of the user live afterwards; however many are made
   * at once and on however many replicas, no more than that are ever both live and answered as `created`. A session past a
   * deadline on the store's clock does not count; it ends with the creation, so that no late touch brings it back. What
   * ends is acknowledged as by `end`. Sessions created without a limit count too.
   */
  create(session: StoredSession, limit?: SessionLimit): Promise<Creation>

  /**
   * Looks an id up. `null` for one never seen, ended, revoked, or swept away. Deadlines are the caller's to check: a
   * session past them MAY still be returned.
   */
  read(id: string): Promise<Found | null>

  /**
   * Replaces `sealed` (and the version with `version + 1`) if the session is live and its version is `version`.
   * `false`: it is not; nothing was written. A late update never brings an ended session back.
   */
  update(id: string, version: number, sealed: Uint8Array): Promise<boolean>

  /**
   * Moves the idle deadline of a live session, forward only (an earlier instant leaves it as it is and is no failure).
   * `false`: it is not live. MAY be less durable than other writes; MUST NOT bring an ended session back.
   */
  touch(id: string, idleAt: number): Promise<boolean>

  /**
   * Ends `id` and starts `next` in one step: `next` has the same sid, user, createdAt and absoluteAt, `version + 1`, and
   * an id never used; its `begun` stays what it is. From then on `read(id)` answers `rotated` with `sealedToken`, until the
   * absolute deadline or until the session ends. `false`: `id` is not live at `version`, or `next` is no such successor; nothing was written.
   */
  rotate(id: string, version: number, next: StoredSession, sealedToken: Uint8Array): Promise<boolean>

  /**
   * Notes that the successor `id` was presented, once: the first call sets `presentedAt` on its predecessor to the
   * store's clock and resolves to `true`; later calls, calls for an id that follows none, and calls after the session
   * ended resolve to `false`.
   */
  present(id: string): Promise<boolean>

  /**
   * Ends the session with this sid, all its ids and all state owned by it, and leaves tombstones. `false`: there was
   * no live one. Acknowledged only once no replica lets a request that starts later in.
   */
  end(sid: string): Promise<boolean>

  /**
   * Where a sign-in of this user (of whoever, for `null`) begins. Never less than the number of a revocation that was
   * acknowledged before the call; never as much as that of one that is asked for after the answer.
   */
  mark(user: string | null): Promise<Mark>

  /**
   * Ends every session of the epoch that began before: the store gives the revocation the next number, in the same step,
   * and ends those with a lesser `begun`, the ones that exist and the ones whose creation is still on its way. A session
   * whose `mark` was asked for after this resolved is untouched. `at` is when, by the caller's clock: it ends nothing here,
   * and only tells `mark`, for credentials that another system issued and dated.
   */
  revoke(epoch: Epoch, at: number): Promise<void>

  /** The live sessions of a user (by pseudonym), oldest first. */
  listByUser(user: string): Promise<readonly StoredSession[]>

  /** All live sessions, in pages; order unspecified, a session created or ended meanwhile may or may not show. */
  scan(): AsyncIterable<StoredSession>

  /**
   * Removes at most `limit` rows (sessions, tombstones, entries of their state, counters) whose last deadline (of a
   * session the absolute one) has passed; how many. Epochs, the keyring and state without a session stay.
   */
  sweep(limit: number): Promise<number>

  /** The entries present among `keys`; all of the scope's if `keys` is omitted. Of an ended owner: none. */
  readState(scope: StateScope, keys?: readonly string[]): Promise<ReadonlyMap<string, StateEntry>>

  /**
   * Applies all operations or none. For a scope with a sid only while that session is live. With `maxBytes` only if the
   * lengths of the values in the scope, summed, are no more than that afterwards; a write that leaves the sum as it is or
   * makes it smaller is never `full`, so that a scope above a limit that was lowered can be tidied up.
   */
  writeState(scope: StateScope, changes: readonly StateChange[], maxBytes?: number): Promise<StateWrite>

  /** `true` exactly once per key within `ttl` milliseconds, whoever asks, on whatever replica. */
  once(key: string, ttl: number): Promise<boolean>

  /**
   * Counts a hit and resolves to how many there were, this one included, in the fixed window that is under way: the
   * first hit opens it, for `window` milliseconds.
   */
  hit(key: string, window: number): Promise<number>

  /** The wrapped root key and its version; `null` in a store that was never opened. */
  readKeyring(): Promise<{ readonly version: number; readonly box: Uint8Array } | null>

  /** Replaces the wrapped root key if its version is `version` (`null`: if there is none); `false` otherwise. */
  writeKeyring(version: number | null, box: Uint8Array): Promise<boolean>

  /**
   * Calls the listener for every change, this process's own included. Returns how to stop. A listener MUST NOT throw:
   * what it may have kept cannot be trusted any more, so the error is left uncaught.
   */
  watch(listener: (change: StoreChange) => void): () => void

  /**
   * `true` if every change acknowledged anywhere before this call has been delivered to this process's watchers, so
   * that what they keep may be used. Synchronous, cheap (a microsecond or two) and free of store round trips; MAY
   * deliver changes before it returns. `false`: ask the store.
   */
  isCurrent(): boolean

  /** Resolves if the store can read and write; rejects with the `StoreError` that says why not. */
  ping(): Promise<void>

  /**
   * Finishes writes under way and releases what the store opened itself. Twice is once. From then on every method
   * rejects as unavailable, and `isCurrent` is `false`.
   */
  close(): Promise<void>
}
