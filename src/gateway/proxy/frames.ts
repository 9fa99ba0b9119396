/** Where one WebSocket frame ends and the next begins (RFC 6455 §5.2), without copying or unmasking anything. */

/** What a frame's header says. */
export interface FrameHead {
  /** 0 continuation, 1 text, 2 binary, 8 close, 9 ping, 10 pong. */
  readonly opcode: number
  readonly fin: boolean
}

/**
 * Called with each piece of a frame's payload as it passes; `last` with its last (perhaps empty) piece. The bytes are lent
 * for the call: what is to be kept is copied.
 */
export type PayloadTap = (head: FrameHead, piece: Buffer, last: boolean) => void

/** Follows the bytes of one direction of a WebSocket. */
export interface FrameTracker {
  /** Whether everything fed so far is whole frames, so that a frame of our own may follow. */
  readonly atBoundary: boolean
  /** How many text and binary messages have begun. */
  readonly messages: number
  /**
   * Follows a chunk. Returns the offset at which the frame that was under way before it ends: 0 if none was, -1 if it
   * goes on past the chunk.
   */
  feed(chunk: Buffer): number
}

// 2 bytes, 8 of extended length, 4 of mask.
const longestHead = 14

export function frameTracker(tap?: PayloadTap): FrameTracker {
  const head = Buffer.allocUnsafe(longestHead)
  let headLength = 0
  let headNeeded = 2
  let remaining = 0
  let inPayload = false
  let current: FrameHead = { opcode: 0, fin: true }
  let messages = 0

  const begin = (): void => {
    const opcode = (head[0] ?? 0) & 0x0f
    remaining = lengthOf(head)
    inPayload = true
    if (opcode === 1 || opcode === 2) messages++
    if (tap !== undefined) current = { opcode, fin: ((head[0] ?? 0) & 0x80) !== 0 }
  }

  const takeHead = (chunk: Buffer, from: number): number => {
    let at = from
    while (at < chunk.length && headLength < headNeeded) {
      head[headLength++] = chunk[at++] ?? 0
      if (headLength === 2) headNeeded = headSize(head[1] ?? 0)
    }
    if (headLength === headNeeded) begin()
    return at
  }

  const takePayload = (chunk: Buffer, from: number): number => {
    const to = Math.min(chunk.length, from + remaining)
    remaining -= to - from
    if (tap !== undefined) tap(current, chunk.subarray(from, to), remaining === 0)
    if (remaining === 0) {
      inPayload = false
      headLength = 0
      headNeeded = 2
    }
    return to
  }

  const pass = (chunk: Buffer): number => {
    remaining -= chunk.length
    return -1
  }

  const follow = (chunk: Buffer): number => {
    let first = headLength === 0 && !inPayload ? 0 : -1
    let at = 0
    while (at < chunk.length) {
      if (!inPayload) at = takeHead(chunk, at)
      // A frame without payload ends with its head.
      if (inPayload) at = takePayload(chunk, at)
      if (first === -1 && headLength === 0 && !inPayload) first = at
    }
    return first
  }

  return {
    get atBoundary() {
      return !inPayload && headLength === 0
    },
    get messages() {
      return messages
    },
    // Most chunks of a large message are payload from end to end.
    feed: (chunk) =>
      inPayload && tap === undefined && chunk.length < remaining ? pass(chunk) : follow(chunk),
  }
}

/** A Close frame from server to client (RFC 6455 §5.5.1); the reason is cut to what a control frame holds. */
export function closeFrame(code: number, reason: string): Buffer {
  const text = Buffer.from(reason, 'utf8').subarray(0, 123)
  const frame = Buffer.alloc(4 + text.length)
  frame[0] = 0x88
  frame[1] = 2 + text.length
  frame.writeUInt16BE(code, 2)
  text.copy(frame, 4)
  return frame
}

function headSize(second: number): number {
  const length = second & 0x7f
  const mask = (second & 0x80) === 0 ? 0 : 4
  if (length === 126) return 4 + mask
  return (length === 127 ? 10 : 2) + mask
}

function lengthOf(head: Buffer): number {
  const length = (head[1] ?? 0) & 0x7f
  if (length === 126) return head.readUInt16BE(2)
  // Beyond 2^53 no counting is exact; no peer sends that, and a relay that lost count only cannot cut cleanly.
  return length === 127 ? head.readUInt32BE(2) * 2 ** 32 + head.readUInt32BE(6) : length
}
