/** Two raw sockets joined after an upgrade: bytes pass untouched, frame boundaries are known, and an end can be said. */
import type { Duplex } from 'node:stream'
import { closeFrame, frameTracker, type PayloadTap } from './frames.ts'

export interface RelayOptions {
  readonly client: Duplex
  readonly upstream: Duplex
  /** Called when the client began a message: what a person does, unlike pings. */
  onMessage?(): void
  /** Called once, when the relay is over, whoever ended it. */
  onEnd?(): void
  /** Sees what the upstream sends. */
  readonly tap?: PayloadTap
}

/** A WebSocket in passing. */
export interface Relay {
  /** Sends the client a legal Close frame at the next frame boundary, then ends both sides. */
  close(code: number, reason: string): void
}

// A peer that neither finishes its frame nor answers our Close is cut off after this.
const patience = 1_000

const worthGivingBack = 4_096

/**
 * Writes a chunk and gives its memory back once it is on its way: nobody may look into it after that. Node reads each
 * chunk into memory of its own; left to the collector, every 64 MB of them bring on a full collection. Measured with
 * 16 KB messages: two fifths of all that a relay costs, and pauses of ten milliseconds.
 */
function pass(chunk: Buffer, to: Duplex): boolean {
  const memory = chunk.buffer
  // A part of something larger: others may still look into the rest.
  const isAlone = memory.byteLength === chunk.length && memory instanceof ArrayBuffer
  if (!isAlone || chunk.length < worthGivingBack) return to.write(chunk)
  return to.write(chunk, () => void memory.transfer(0))
}

export function relay({ client, upstream, onMessage, onEnd, tap }: RelayOptions): Relay {
  const fromClient = frameTracker()
  const fromUpstream = frameTracker(tap)
  let farewell: Buffer | null = null
  let over = false

  const end = (): void => {
    if (over) return
    over = true
    client.destroy()
    upstream.destroy()
    onEnd?.()
  }

  const sayFarewell = (frame: Buffer): void => {
    upstream.destroy()
    client.end(frame)
    setTimeout(end, patience).unref()
  }

  // The app has said all it will; the browser takes its time to read that, but not to end its side.
  const farSideGone = (): void => {
    if (farewell !== null || client.writableEnded) return
    client.end(() => setTimeout(end, patience).unref())
  }

  client.on('data', (chunk: Buffer) => {
    if (farewell !== null) return
    const before = fromClient.messages
    fromClient.feed(chunk)
    if (fromClient.messages !== before) onMessage?.()
    if (!pass(chunk, upstream)) client.pause()
  })

  upstream.on('data', (chunk: Buffer) => {
    if (farewell === null) {
      fromUpstream.feed(chunk)
      if (!pass(chunk, client)) upstream.pause()
      return
    }
    // The frame that was under way may end; nothing of a session that is over follows it.
    const boundary = fromUpstream.feed(chunk)
    if (boundary < 0) {
      if (!client.write(chunk)) upstream.pause()
      return
    }
    client.write(chunk.subarray(0, boundary))
    upstream.removeAllListeners('data')
    sayFarewell(farewell)
  })

  client.on('drain', () => upstream.resume())
  upstream.on('drain', () => client.resume())
  client.on('end', () => upstream.end())
  upstream.on('end', farSideGone)
  client.on('error', end)
  upstream.on('error', () => {
    if (farewell === null) end()
  })
  client.on('close', end)
  upstream.on('close', farSideGone)

  return {
    close(code, reason) {
      if (over || farewell !== null) return
      farewell = closeFrame(code, reason)
      setTimeout(end, 2 * patience).unref()
      if (fromUpstream.atBoundary) sayFarewell(farewell)
      else if (!client.writableNeedDrain) upstream.resume()
    },
  }
}
