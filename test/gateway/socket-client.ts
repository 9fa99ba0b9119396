/** A WebSocket client of bytes and frames: what it sends and what it gets is exact. */
import { randomBytes } from 'node:crypto'
import type { Harness } from './harness.ts'
import { type RawTalk, rawTalk } from './raw-client.ts'

/** A masked frame, as clients send it. */
export function clientFrame(opcode: number, payload: Buffer, fin: boolean = true): Buffer {
  const mask = randomBytes(4)
  const masked = Buffer.from(payload)
  for (let i = 0; i < masked.length; i++) masked[i] = (masked[i] ?? 0) ^ (mask[i & 3] ?? 0)
  return Buffer.concat([frameHead(opcode, payload.length, fin, true), mask, masked])
}

/** An unmasked frame, as servers send it. */
export function serverFrame(opcode: number, payload: Buffer, fin: boolean = true): Buffer {
  return Buffer.concat([frameHead(opcode, payload.length, fin, false), payload])
}

export function frameHead(opcode: number, length: number, fin: boolean, masked: boolean): Buffer {
  const first = (fin ? 0x80 : 0) | opcode
  const bit = masked ? 0x80 : 0
  if (length < 126) return Buffer.from([first, bit | length])
  if (length < 65_536) return Buffer.from([first, bit | 126, length >> 8, length & 0xff])
  const head = Buffer.alloc(10)
  head[0] = first
  head[1] = bit | 127
  head.writeBigUInt64BE(BigInt(length), 2)
  return head
}

export interface Frame {
  readonly opcode: number
  readonly fin: boolean
  readonly payload: Buffer
}

/** The frames from servers in some bytes; throws where they do not end with a whole frame. */
export function serverFrames(bytes: Buffer): Frame[] {
  const frames: Frame[] = []
  let at = 0
  while (at < bytes.length) {
    const first = bytes.readUInt8(at)
    let length = bytes.readUInt8(at + 1)
    if (length > 127) throw new Error(`A masked frame from a server at ${at}.`)
    at += 2
    if (length === 126) {
      length = bytes.readUInt16BE(at)
      at += 2
    } else if (length === 127) {
      length = Number(bytes.readBigUInt64BE(at))
      at += 8
    }
    if (at + length > bytes.length)
      throw new Error(`A frame of ${length} bytes is cut at ${bytes.length - at}.`)
    frames.push({ opcode: first & 0x0f, fin: first > 0x7f, payload: bytes.subarray(at, at + length) })
    at += length
  }
  return frames
}

export interface SocketClient extends RawTalk {
  /** What came after the 101, byte for byte. */
  frames(): Buffer
}

export interface Upgrade {
  readonly cookie?: string
  readonly origin?: string
  readonly path?: string
  readonly lines?: readonly string[]
}

export function upgradeRequest(
  to: Harness,
  { cookie, origin = to.origin, path = '/ws', lines = [] }: Upgrade,
): string {
  return to.request(`GET ${path}`, [
    ...(origin === '' ? [] : [`Origin: ${origin}`]),
    ...(cookie === undefined ? [] : [`Cookie: ${cookie}`]),
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ...lines,
  ])
}

/** Opens a WebSocket through the gateway; rejects if it is refused. */
export async function openSocket(to: Harness, upgrade: Upgrade = {}): Promise<SocketClient> {
  const talk = await rawTalk(to.port)
  talk.send(upgradeRequest(to, upgrade))
  const head = await talk.until((all) => all.includes('\r\n\r\n'))
  if (!head.toString('latin1').startsWith('HTTP/1.1 101')) throw new Error(head.toString('latin1'))
  const start = head.indexOf('\r\n\r\n') + 4
  return { ...talk, frames: () => talk.received().subarray(start) }
}
