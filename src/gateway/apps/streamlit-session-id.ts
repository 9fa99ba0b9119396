/** Learns which Streamlit session a socket got, from the first message the app sends. */
import type { FrameHead } from '../proxy/frames.ts'

// ForwardMsg.new_session = 4, NewSession.initialize = 1, Initialize.session_id = 6 (1.57 to 1.67).
const sessionIdPath = [4, 1, 6]
// The session id stands early in its message; a longer one is looked at no further.
const mostBytes = 1_048_576
const mostMessages = 8
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** Whether a text has the form of Streamlit's session ids. */
export function isStreamlitSessionId(text: string): boolean {
  return uuid.test(text)
}

/** A tap that calls `onId` once, with the session id of the first message that names one. */
export function sessionIdTap(
  onId: (id: string) => void,
): (head: FrameHead, piece: Buffer, last: boolean) => void {
  let pieces: Buffer[] = []
  let size = 0
  let messages = 0
  let done = false

  return (head, piece, last) => {
    if (done || head.opcode > 2) return
    if (size < mostBytes) pieces.push(Buffer.from(piece))
    size += piece.length
    if (!last || !head.fin) return
    const id = fieldAt(Buffer.concat(pieces), sessionIdPath)?.toString('latin1') ?? ''
    pieces = []
    size = 0
    messages++
    if (isStreamlitSessionId(id)) {
      done = true
      onId(id)
    }
    if (messages >= mostMessages) done = true
  }
}

/** The bytes of a nested length-delimited field of a protobuf message; `null` if it is not there. Never throws. */
function fieldAt(message: Buffer, path: readonly number[]): Buffer | null {
  const [wanted, ...rest] = path
  let at = 0
  while (at < message.length) {
    const key = varint(message, at)
    if (key === null) return null
    const field = fieldEnd(message, key.next, key.value & 7)
    if (field === null) return null
    if (key.value >>> 3 === wanted && (key.value & 7) === 2) {
      const bytes = message.subarray(field.start, field.end)
      return rest.length === 0 ? bytes : fieldAt(bytes, rest)
    }
    at = field.end
  }
  return null
}

function fieldEnd(message: Buffer, at: number, wireType: number): { start: number; end: number } | null {
  if (wireType === 0) {
    const skipped = varint(message, at)
    return skipped === null ? null : { start: at, end: skipped.next }
  }
  if (wireType === 1) return { start: at, end: at + 8 }
  if (wireType === 5) return { start: at, end: at + 4 }
  const length = wireType === 2 ? varint(message, at) : null
  // A message cut at `mostBytes` may end inside a field.
  return length === null ? null : { start: length.next, end: length.next + length.value }
}

function varint(message: Buffer, from: number): { value: number; next: number } | null {
  let value = 0
  for (let at = from, scale = 1; at < message.length && at < from + 10; at++, scale *= 128) {
    const byte = message[at] ?? 0
    value += (byte & 0x7f) * scale
    if (byte < 0x80) return { value, next: at + 1 }
  }
  return null
}
