/** Paths and names that the gateway, the browser script and the Python package share. */

/** Everything of ours lives under this path, after the public base path. */
export const holdfastPath = '/_holdfast/'

/** The query parameter by which a page's WebSocket names its tab; never sent upstream. */
export const tabParameter = '_holdfast_tab'

/** The query parameter that holds the token of a URL session, unless the app names another. Never to be logged. */
export const urlSessionParameter = 'holdfast_sid'

/** What the id of a tab looks like: 16 random bytes in base64url. */
export const tabShape: RegExp = /^[\w-]{22}$/

/** Before the secret by which a page is told from all others, among the subprotocols its socket asks for; never sent upstream. */
export const pageProtocol = 'holdfast-page.'

/** WebSocket close code: the session behind this socket has ended. */
export const sessionEndedCode = 4401

/** WebSocket close code (RFC 6455 §7.4.1, IANA): the service restarts, come back. */
export const serviceRestartCode = 1012

/** What `session` answers when someone is signed in, and what `events` sends as `deadlines`. */
export interface SessionInfo {
  readonly signedIn: boolean
  readonly user: { readonly id: string; readonly name: string | null; readonly email: string | null } | null
  readonly idleAt: number
  readonly absoluteAt: number
  /** The server's clock, so that a browser whose clock is off can count right. */
  readonly now: number
  /** Differs from session to session; names none. */
  readonly mark: string
}
