/** What apps that were written for express-session find at `req.session`. `kept-session.ts` keeps it. */

/** As Node calls back. */
export type LegacyCallback = (error?: unknown) => void

/** What an app keeps in `req.session`. */
export type LegacyData = Record<string, unknown>

/** The cookie of one request's session. To set an attribute to what it is not throws `ConfigError`, as at the start. */
export interface LegacyCookie {
  /**
   * How long the session lives without activity, in milliseconds, and the browser keeps its cookie; `null`: until the
   * browser is closed. To be set; the policy cuts it.
   */
  get maxAge(): number | null
  set maxAge(value: number | null | undefined | false)
  /** As `maxAge`, as an instant. One in the past ends the session. */
  get expires(): Date | null
  set expires(value: Date | null | undefined | false)
  /** What `maxAge` was before time passed. */
  readonly originalMaxAge: number | null
  readonly path: string
  readonly httpOnly: boolean
  readonly secure: boolean
  readonly sameSite: 'lax' | 'strict' | 'none'
  readonly partitioned: boolean
}

/** One request's session: the data as own properties, and the methods of express-session. */
export interface LegacySession {
  [key: string]: unknown
  /** Names the session, and is no credential; `''` while nothing is stored of it. */
  readonly id: string
  cookie: LegacyCookie
  /** Ends the session, and puts an empty one in its place. */
  regenerate(done?: LegacyCallback): this
  /** Ends the session, and leaves none. */
  destroy(done?: LegacyCallback): this
  /** Reads what is stored again; what this request set and did not save is gone. */
  reload(done?: LegacyCallback): this
  /** Saves now, not at the end of the response. */
  save(done?: LegacyCallback): this
  /** Counts the cookie's `maxAge` from now. The session's own deadline moves with each request by itself. */
  touch(): this
  /** As `touch`. */
  resetMaxAge(): this
}
