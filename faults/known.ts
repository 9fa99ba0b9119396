/** A session as its browser knows it. */
export interface Known {
  readonly name: string
  readonly user: string | null
  cookie: string
  sid: string | null
  /** The last time somebody tried to end it. */
  isEnding: boolean
}
