/** WebSocket upgrades of a `node:http` server, held to the same session as its requests. */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { problemAnswer } from './answer.ts'
import type { Answer } from './incoming.ts'
import { nodeRequest } from './node-request.ts'
import type { RequestSession, SessionData } from './request-session.ts'
import type { Sessions } from './sessions.ts'

/** Who may open a WebSocket. */
export interface UpgradeOptions {
  /** @default 'signed-in' */
  readonly access?: 'signed-in' | 'anyone'
  /** Of these one is needed. @default none */
  readonly roles?: readonly string[]
}

/**
 * The session of an upgrade, asked for in the server's `upgrade` event before the WebSocket is accepted. `null`: it was
 * refused, and the socket has had its answer. Close the WebSocket in `session.hold`, so that it ends with the session.
 */
export async function upgradeSession<Data extends SessionData>(
  sessions: Sessions<Data>,
  request: IncomingMessage,
  socket: Duplex,
  { access = 'signed-in', roles }: UpgradeOptions = {},
): Promise<RequestSession<Data> | null> {
  // Node leaves the socket to us: an error that nobody hears ends the process.
  const onError = (): void => {
    socket.destroy()
  }
  socket.on('error', onError)
  try {
    const { session, refusal } = await sessions.open(nodeRequest(request))
    const answer =
      refusal ??
      (access === 'anyone' && roles === undefined ? null : session.require({ ...(roles && { roles }) }))
    if (answer === null) return socket.destroyed ? null : session
    refuse(socket, answer)
  } catch (error) {
    const answer = sessions.answerTo(error)
    refuse(socket, answer ?? problemAnswer('unavailable'))
    if (answer === null) throw error
  } finally {
    setImmediate(() => socket.off('error', onError))
  }
  return null
}

function refuse(socket: Duplex, { status, headers, body }: Answer): void {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  const length = Buffer.byteLength(body)
  socket.end(
    `HTTP/1.1 ${status} Refused\r\n${lines.join('')}content-length: ${length}\r\nconnection: close\r\n\r\n${body}`,
    () => socket.destroy(),
  )
}
