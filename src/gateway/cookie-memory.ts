/** What the cookies of a connection said, so that the same ones are not taken apart anew with each of its requests. */
import type { IncomingMessage } from 'node:http'
import type { CookieTransport } from '../core/cookie.ts'
import { cookieMemory as ofConnection } from '../core/cookie-memory.ts'
import { credentialDigest } from '../core/token.ts'
import { cookiesForApp, type DropCookie } from './proxy/headers.ts'
import { type Pin, readPin } from './proxy/instance-order.ts'

/** A Cookie header, read. Only what follows from its text alone: whether a session lives is asked with each request. */
export interface CookieReading {
  readonly header: string
  /** Ours; `null` if there is none. */
  readonly credential: string | null
  /** The credential's, for `peekDigest`. */
  readonly digest: string
  /** What the app may see of it. */
  readonly forApp: string | undefined
  /** What leads the browser to an instance of the app; `null` if there is none, or one instance only. */
  readonly pin: Pin | null
}

/** Reads the cookies of requests, once for each connection. */
export function cookieMemory(
  cookie: CookieTransport,
  drop: DropCookie,
  instanceCookie: CookieTransport | null = null,
): (request: IncomingMessage) => CookieReading | null {
  const remembered = ofConnection((header): CookieReading => {
    const credential = cookie.read(header)
    return {
      header,
      credential,
      digest: credential === null ? '' : credentialDigest(credential),
      forApp: cookiesForApp(header, drop),
      pin: pinIn(instanceCookie, header),
    }
  })
  return ({ socket, headers }) => (headers.cookie === undefined ? null : remembered(socket, headers.cookie))
}

/** The pin in a Cookie header; `null` if there is none that we wrote, or two that differ. */
export function pinIn(cookie: CookieTransport | null, header: string | undefined): Pin | null {
  const text = cookie?.read(header) ?? null
  return text === null ? null : readPin(text)
}
