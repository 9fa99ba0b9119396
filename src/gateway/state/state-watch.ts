/** An app follows one scope: a line of JSON for everything that happens to it, for as long as it listens. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { EncodedState, StateTextEvent } from '../../core/state.ts'

const beat = 15_000
// Who reads no faster than this is told to look again rather than kept in mind.
const mostWaiting = 256 * 1024

/**
 * Streams `{"keys":[…]}` for each change, `{"gap":true}` where some may have been missed, `{"ended":true}` and the end
 * when the session has ended; an empty line every 15 s, so that both sides notice when the other is gone.
 */
export function followState(request: IncomingMessage, response: ServerResponse, scope: EncodedState): void {
  response.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' })
  // The listener's patience is for requests that are to end.
  request.socket.setTimeout(0)
  const send = (line: string): void => {
    if (response.writableLength > mostWaiting) response.destroy()
    else response.write(`${line}\n`)
  }
  const stop = scope.watch((event) => {
    send(JSON.stringify(lineOf(event)))
    if (event.kind === 'ended') response.end()
  })
  const heart = setInterval(() => send(''), beat)
  response.once('close', () => {
    stop()
    clearInterval(heart)
  })
  // So that what is written after this line was sent is told: the app reads once it has seen it.
  send('')
}

function lineOf(event: StateTextEvent): object {
  if (event.kind === 'changed') return { keys: [...event.items.keys()] }
  return event.kind === 'gap' ? { gap: true } : { ended: true }
}
