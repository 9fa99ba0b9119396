/** What the cookies of a connection said, so that the same ones are not read and hashed anew with each of its requests. */
import type { CookieTransport } from '../core/cookie.ts'
import { credentialDigest } from '../core/token.ts'
import type { Incoming } from './incoming.ts'

/** A Cookie header, read. Only what follows from its text alone: whether a session lives is asked with each request. */
export interface CookieReading {
  readonly header: string | undefined
  /** Ours; `null` if there is none. */
  readonly credential: string | null
  /** The credential's, for `peekDigest`. */
  readonly digest: string
}

/**
 * Reads the cookies of requests. One header is kept for each connection, and goes with it: a map of credentials would lie
 * about in memory. Whoever shares a connection with others (behind a proxy) learns nothing by its speed: engines compare
 * texts eight bytes at a time, and no eight bytes of a credential can be guessed.
 */
export function cookieMemory(cookie: CookieTransport): (incoming: Incoming) => CookieReading {
  const last = new WeakMap<object, CookieReading>()

  function read(header: string | undefined): CookieReading {
    const credential = cookie.read(header)
    return { header, credential, digest: credential === null ? '' : credentialDigest(credential) }
  }

  return (incoming) => {
    const header = incoming.header('cookie')
    const { connection } = incoming
    if (connection === undefined) return read(header)
    const known = last.get(connection)
    if (known !== undefined && known.header === header) return known
    const reading = read(header)
    last.set(connection, reading)
    return reading
  }
}
