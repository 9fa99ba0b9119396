/** The boundaries of WebSocket frames, in whatever pieces their bytes come. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { closeFrame, frameTracker } from '../../src/gateway/proxy/frames.ts'
import { clientFrame, serverFrame, serverFrames } from './socket-client.ts'

const sizes = fc.oneof(
  fc.constantFrom(0, 1, 125, 126, 127, 65_535, 65_536),
  fc.integer({ min: 0, max: 300 }),
  fc.integer({ min: 60_000, max: 70_000 }),
)
const frames = fc.array(
  fc.record({
    opcode: fc.constantFrom(0, 1, 2, 8, 9, 10),
    size: sizes,
    fin: fc.boolean(),
    masked: fc.boolean(),
  }),
  { minLength: 1, maxLength: 8 },
)

/** The bytes of the frames, and the offset at which each ends. */
function built(wanted: readonly { opcode: number; size: number; fin: boolean; masked: boolean }[]): {
  bytes: Buffer
  ends: number[]
} {
  const ends: number[] = []
  const pieces: Buffer[] = []
  let at = 0
  for (const { opcode, size, fin, masked } of wanted) {
    const payload = Buffer.alloc(size, opcode)
    const frame = masked ? clientFrame(opcode, payload, fin) : serverFrame(opcode, payload, fin)
    at += frame.length
    ends.push(at)
    pieces.push(frame)
  }
  return { bytes: Buffer.concat(pieces), ends }
}

function cut(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const at = [...new Set([0, ...cuts.map((one) => one % (bytes.length + 1)), bytes.length])].sort(
    (a, b) => a - b,
  )
  return at.slice(1).map((end, i) => bytes.subarray(at[i], end))
}

describe('frameTracker', () => {
  it('knows every boundary of random frames in random pieces, to the byte', () => {
    fc.assert(
      fc.property(frames, fc.array(fc.nat(), { maxLength: 30 }), (wanted, cuts) => {
        const { bytes, ends } = built(wanted)
        const tracker = frameTracker()
        let at = 0
        for (const piece of cut(bytes, cuts)) {
          const wasAtBoundary = at === 0 || ends.includes(at)
          const next = ends.find((end) => end > at) ?? at
          const first = tracker.feed(piece)
          if (wasAtBoundary) expect(first).toBe(0)
          else expect(first).toBe(next <= at + piece.length ? next - at : -1)
          at += piece.length
          expect(tracker.atBoundary).toBe(ends.includes(at))
        }
        expect(tracker.messages).toBe(wanted.filter(({ opcode }) => opcode === 1 || opcode === 2).length)
      }),
      { numRuns: 300 },
    )
  })

  it('shows a tap every byte of every payload once, with its frame', () => {
    fc.assert(
      fc.property(frames, fc.array(fc.nat(), { maxLength: 20 }), (wanted, cuts) => {
        const { bytes } = built(wanted.map((one) => ({ ...one, masked: false })))
        const seen: { opcode: number; fin: boolean; size: number }[] = []
        let size = 0
        const tracker = frameTracker((head, piece, last) => {
          size += piece.length
          expect(piece.every((byte) => byte === head.opcode)).toBe(true)
          if (!last) return
          seen.push({ opcode: head.opcode, fin: head.fin, size })
          size = 0
        })
        for (const piece of cut(bytes, cuts)) tracker.feed(piece)
        expect(seen).toEqual(wanted.map(({ opcode, fin, size: of }) => ({ opcode, fin, size: of })))
      }),
      { numRuns: 200 },
    )
  })

  it('survives bytes that are no frames at all', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 20 }), (pieces) => {
        const tracker = frameTracker(() => {})
        for (const piece of pieces) {
          const first = tracker.feed(Buffer.from(piece))
          expect(first >= -1 && first <= piece.length).toBe(true)
        }
      }),
    )
  })

  it('says a close that fits into a control frame', () => {
    const [frame] = serverFrames(closeFrame(4401, 'ü'.repeat(200)))
    expect([frame?.opcode, frame?.fin, frame?.payload.readUInt16BE(0), frame?.payload.length]).toEqual([
      8,
      true,
      4401,
      125,
    ])
  })
})
