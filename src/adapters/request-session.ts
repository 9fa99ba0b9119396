/** The session of one request, as handlers see it. The comments are the contract; `open-visit.ts` keeps it. */
import type { Identity, JsonObject } from '../core/contracts.ts'
import type { Maker } from '../core/persist.ts'
import type { PersistOptions } from '../core/persisted.ts'
import type { EndReason } from '../core/sockets.ts'
import type { ScopedState, SessionState } from '../core/state.ts'
import type { Answer } from './incoming.ts'

/** What a session may hold: one type for each key. */
export type SessionData = object

/** The keys of a session's data. */
export type KeyOf<Data extends SessionData> = keyof Data & string

/** Who signs in. */
export interface Person {
  /** Stable for the life of the account. */
  readonly userId: string
  /** What is known of the person: `name`, `email`, `roles: string[]`, whatever else the app needs. @default {} */
  readonly claims?: JsonObject
  /** Who vouches for it: two authenticators may use one `userId` for two people. @default 'app' */
  readonly authenticator?: string
}

/** A message that is shown once. */
export interface Flash {
  /** What the page tells apart, such as `info` or `error`. */
  readonly kind: string
  readonly text: string
}

/** One place where a person is signed in. */
export interface SignedInDevice {
  /** Names it to `endDevice`; no credential. */
  readonly id: string
  readonly userAgent: string
  readonly address: string
  readonly signedInAt: number
  /** When it will end unless it is used. */
  readonly idleAt: number
  /** Whether it is the one that asks. */
  readonly isThis: boolean
}

/**
 * What the request's cookie stands for, and what the response will tell the browser.
 *
 * Reading never writes. What is set is saved, as one, before the response's headers are sent; if the store cannot take
 * it the response is 503 and no cookie is touched. Responses of 500 and above save nothing. Methods reject with
 * `StoreError` when the store cannot tell; where one of those that end sessions did, the response is 503 whatever the
 * handler makes of it. What was set in a session that another request ended meanwhile is not saved, and the response is
 * 409 without a cookie: sent again, it is saved in the session that the browser is in by then.
 */
export interface RequestSession<Data extends SessionData = Record<string, unknown>> {
  /** Names the session in logs and lists, and is no credential; `null` while nothing is stored of it. */
  readonly id: string | null
  /** Who is signed in; `null` if nobody is. */
  readonly identity: Identity | null
  /** The roles in the identity's claims. */
  readonly roles: readonly string[]
  /** When a password or another factor was last checked, to ask again before what matters; `null` if nobody is signed in. */
  readonly authenticatedAt: number | null
  /** When the session ends, unused and in any case; `null` if there is none. */
  readonly deadlines: { readonly idleAt: number; readonly absoluteAt: number } | null

  /** The value of a key, what this request set included; `undefined` if there is none or its schema refuses it. */
  get<Key extends KeyOf<Data>>(key: Key): Promise<Data[Key] | undefined>
  /** All values there are. */
  entries(): Promise<ReadonlyMap<KeyOf<Data>, Data[KeyOf<Data>]>>
  /**
   * Keeps a value as it is now. A browser without a session is given one. Of two requests that set one key the last
   * saved wins; of two that set different keys both do. Throws `ValueError` for what cannot be kept, and `SessionError`
   * `ERR_DATA_INVALID` for what the schema refuses.
   */
  set<Key extends KeyOf<Data>>(key: Key, value: Data[Key]): void
  delete(key: KeyOf<Data>): void
  /** Forgets every value, not who is signed in. */
  clear(): void
  /**
   * Makes the new value from the present one, and saves it at once: never from an outdated one, whatever other requests
   * do meanwhile, so `change` may be called several times. Rejects with `StateError` `ERR_SESSION_ENDED` if the session
   * has ended.
   */
  update<Key extends KeyOf<Data>>(
    key: Key,
    change: (present: Data[Key] | undefined) => Data[Key],
  ): Promise<Data[Key]>
  /** Saves what was set now, not at the end. `false`: the session has ended, and nothing was saved. */
  save(): Promise<boolean>

  /**
   * An object that the session keeps: of a class marked with `persist`, or under a name, with what it starts as. Change it
   * at will, however deep: what changed is saved with everything else, each field for itself. The same name gives the same
   * object. Rejects with `StateError` `ERR_STATE_INVALID` for what is kept and cannot be used. Where `merge: 'refuse'` meets
   * another's change `save` throws `StateError` `ERR_STATE_CONFLICT` and lets go of it: opened again it is what the other
   * made it. Before `signIn` it is saved, to come along.
   */
  persisted<State extends object>(marked: Maker<State>): Promise<State>
  persisted<State extends object>(
    name: string,
    initial: State | Maker<State>,
    options?: PersistOptions<State>,
  ): Promise<State>
  /**
   * Every scope that the session opens, written at once: with versions and conditions, to be watched, and what a URL session
   * takes as `who`. `null` while nothing is stored of the session.
   */
  readonly state: SessionState | null
  /** What follows the person to every browser, written at once; `null` if nobody is signed in. */
  readonly user: ScopedState | null
  /** What belongs to one tab, named by the page; `null` while there is no session. */
  tab(id: string): ScopedState | null

  /** Leaves a message for the next page that asks. */
  flash(kind: string, text: string): void
  /** The messages left so far, each given out once. */
  flashes(): Promise<readonly Flash[]>

  /**
   * A new session for someone whose credentials were just checked; the one presented ends and is never adopted. What an
   * anonymous session held moves along, another person's never. `false`: everything of this person's was ended since
   * the request came in, so check again; or, where `policy.perAccount` limits how many sessions a person may have, there
   * is no room: `manager.listUser` tells what they have, and `manager.end` makes room.
   */
  signIn(person: Person, options?: { readonly remember?: boolean }): Promise<boolean>
  /** Ends the session. Resolves once no process lets it in, and its held sockets are closed. */
  signOut(): Promise<void>
  /** Ends every session of whoever is signed in, this one too. */
  signOutEverywhere(): Promise<void>
  /** Where whoever is signed in is signed in, oldest first; nowhere if nobody is. */
  devices(): Promise<readonly SignedInDevice[]>
  /** Ends one of the sessions that `devices` lists. `false`: it is not theirs, or had ended. */
  endDevice(id: string): Promise<boolean>

  /** The answer to send if nobody with one of the roles is signed in; `null` if the handler may go on. */
  require(options?: { readonly roles?: readonly string[] }): Answer | null
  /** A token for a form of this browser's, good for an hour. */
  formToken(): string
  /** Whether a submitted token was made for a form of this browser's in the last hour. */
  isFormToken(token: unknown): boolean
  /**
   * Calls `end` once when the session ends, wherever it was ended: for sockets and streams. Returns how to let go. What `end`
   * throws keeps no other socket open, and is thrown as an uncaught exception.
   */
  hold(end: (reason: EndReason) => void): () => void
}
