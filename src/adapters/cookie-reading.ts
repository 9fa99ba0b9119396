/** What the cookies of a request say of its session, read and hashed once for its connection. */
import type { CookieTransport } from '../core/cookie.ts'
import { cookieMemory } from '../core/cookie-memory.ts'
import { credentialDigest } from '../core/token.ts'
import type { Incoming } from './incoming.ts'

export interface CookieReading {
  /** Ours; `null` if there is none. */
  readonly credential: string | null
  /** The credential's, for `peekDigest`. */
  readonly digest: string
}

const none: CookieReading = { credential: null, digest: '' }

export function cookieReader(cookie: CookieTransport): (incoming: Incoming) => CookieReading {
  const remembered = cookieMemory((header): CookieReading => {
    const credential = cookie.read(header)
    return credential === null ? none : { credential, digest: credentialDigest(credential) }
  })
  return (incoming) => {
    const header = incoming.header('cookie')
    return header === undefined ? none : remembered(incoming.connection, header)
  }
}
