import { randomUUID } from 'node:crypto'
import { expect, it } from 'vitest'
import { sessionIdTap } from '../../src/gateway/apps/streamlit-session-id.ts'

/** A length-delimited protobuf field. */
function field(number: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([(number << 3) | 2, content.length]), content])
}

it('reads the session id of a message in pieces whose memory is gone after each', () => {
  const id = randomUUID()
  const message = field(4, field(1, field(6, Buffer.from(id))))
  for (let size = 1; size <= message.length; size++) {
    const found: string[] = []
    const tap = sessionIdTap((one) => void found.push(one))
    for (let at = 0; at < message.length; at += size) {
      const piece = new Uint8Array(message.subarray(at, at + size))
      tap({ opcode: 2, fin: true }, Buffer.from(piece.buffer), at + size >= message.length)
      piece.buffer.transfer(0)
    }
    expect(found).toEqual([id])
  }
})
