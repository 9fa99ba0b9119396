/** A WebSocket by which a page hears that its session ended. Not SSE: six tabs would use up a browser's connections. */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import { sessionEndedCode } from '../../core/protocol.ts'
import type { Session } from '../../core/session.ts'
import type { EndReason, SocketRegistry } from '../../core/sockets.ts'

export interface EventsEndpoint {
  /** Takes an upgrade that was found in order; `isKnown` as for what is held (`SocketRegistry`). */
  accept(request: IncomingMessage, socket: Duplex, head: Buffer, session: Session, isKnown: boolean): void
  /** Tells every page to come back later. */
  close(code: number): void
}

// Nothing is expected from the page.
const longestMessage = 1_024

export function eventsEndpoint(sockets: SocketRegistry, now: () => number): EventsEndpoint {
  const server = new WebSocketServer({ noServer: true, maxPayload: longestMessage, perMessageDeflate: false })
  const open = new Set<WebSocket>()

  return {
    accept(request, socket, head, session, isKnown) {
      server.handleUpgrade(request, socket, head, (page) => {
        const release = sockets.hold(session, { end: (reason) => end(page, reason) }, isKnown)
        open.add(page)
        // A document from the browser's cache carries the deadlines of another hour.
        const { idleAt, absoluteAt } = session
        page.send(JSON.stringify({ type: 'deadlines', idleAt, absoluteAt, now: now() }))
        page.on('error', () => page.terminate())
        page.on('close', () => {
          open.delete(page)
          release()
        })
      })
    },
    close(code) {
      for (const page of open) page.close(code)
    },
  }
}

function end(page: WebSocket, reason: EndReason): void {
  if (reason === 'unconfirmed') {
    // Unknown is not absent: the page waits and asks again, and is not sent to sign-in.
    page.close(1013)
    return
  }
  page.send(JSON.stringify({ type: 'signed-out', reason: reason === 'expired' ? 'expired' : 'sign-out' }))
  page.close(sessionEndedCode, reason)
}
