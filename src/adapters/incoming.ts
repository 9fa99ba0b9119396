/** What the library reads of a request, whatever the framework. */
export interface Incoming {
  readonly method: string
  /** Path and query as they were sent: where to come back to after signing in. */
  readonly target: string
  /** The client's address, for the list of devices; `''` where nobody knows it. */
  readonly address: string
  /** The same object for all requests of one connection, if anybody knows it. */
  readonly connection?: object
  /** A header by its lower-case name; several of one name joined by `, `, cookies by `; `. */
  header(name: string): string | undefined
}

/** What a response is told before its headers are sent. */
export interface Outgoing {
  /** Set-Cookie lines to add. */
  readonly cookies: readonly string[]
  /** What must be sent in place of what the handler made: the session could not be kept. */
  readonly answer: Answer | null
  /**
   * What is the handler's fault, such as a value that is too large: nothing was saved. It is for whoever answers the app's
   * errors; the cookies go with that answer.
   */
  readonly fault?: unknown
}

/** A whole response of the library's own. */
export interface Answer {
  readonly status: number
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Whether the request asks for a WebSocket. */
export function isUpgrade(incoming: Incoming): boolean {
  return incoming.header('upgrade')?.toLowerCase() === 'websocket'
}

/** Whether the browser asks for a document to show: what may be answered with a redirect to sign-in. */
export function isNavigation(incoming: Incoming): boolean {
  const mode = incoming.header('sec-fetch-mode')
  if (mode !== undefined) return mode === 'navigate'
  // Plain http beyond loopback, and older browsers, say nothing.
  const isRead = incoming.method === 'GET' || incoming.method === 'HEAD'
  return isRead && (incoming.header('accept') ?? '').includes('text/html')
}

/** Whether the request is a person's doing, not a static file that a page loads. */
export function isActivity(incoming: Incoming): boolean {
  const destination = incoming.header('sec-fetch-dest')
  return destination === undefined || destination === 'empty' || destination === 'document'
}
