/**
 * What reads the credentials of another session system, so that nobody signs in again on the day of the switch. The
 * comments are the contract; the tests in `test/imports` prove it.
 */

/** A value as the old system held it: what JSON has, and what its Python and Node relatives add. Never anything that runs. */
export type ImportedValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Date
  | Uint8Array
  | readonly ImportedValue[]
  | ImportedRecord
/** Values by name. */
export type ImportedRecord = { readonly [key: string]: ImportedValue }

/** What an old credential says, once the old secret has proven it. */
export interface Imported {
  /** Which transport read it. */
  readonly transport: string
  /** Whom the old system held it to be: a proposal, for the app to vouch for. `null`: nobody in particular. */
  readonly user: string | null
  /** Everything the old session held, `user` included. */
  readonly data: ImportedRecord
  /** A one-way image of the credential, the same for every spelling of it: what makes it count once. */
  readonly proof: string
  /** When the old system issued the credential; `null` where it does not say. */
  readonly issuedAt: number | null
  /** When the old system would stop accepting it; `null` where it never would. */
  readonly expiresAt: number | null
}

/** The parts of a request that can carry an old credential. */
export interface ImportRequest {
  readonly cookie: string | null | undefined
  readonly authorization?: string | null | undefined
}

/** Reads one kind of old credential. */
export interface ImportTransport {
  readonly name: string
  /**
   * What the request's credential says; `null` for none, and for each that the old system would have refused at `now`
   * (expired, forged, of another secret or salt), or that is not in the one spelling the old system writes. MUST NOT
   * throw for anything a client can send, MUST NOT build anything but plain values, and MUST bound what it unpacks.
   * Rejects when it cannot tell: the old system's store cannot, or (`AuthError`) too many ask for what takes long.
   */
  read(request: ImportRequest, now: number): Promise<Imported | null>
  /** Set-Cookie lines that remove the old credential from the browser. */
  clear(): readonly string[]
}
