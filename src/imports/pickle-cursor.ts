/** The bytes of a pickle, read from front to back. */

/** Why a pickle is not read: it is cut off, or it is more than plain data. */
export class NotPlain extends Error {
  constructor(why: string) {
    super(why)
    this.name = 'NotPlain'
  }
}

/** Reads the arguments of instructions. Every method throws `NotPlain` where the bytes run out. */
export interface PickleCursor {
  readonly isAtEnd: boolean
  byte(): number
  bytes(length: number): Buffer
  /** An unsigned little-endian number of 1 to 8 bytes. */
  unsigned(width: number): number
  /** A text up to the next line break, which is skipped. */
  line(): string
}

export function pickleCursor(buffer: Buffer): PickleCursor {
  let at = 0
  const bytes = (length: number): Buffer => {
    // Checked before anything is made: a length is anybody's word.
    if (!(length <= buffer.length - at)) throw new NotPlain('cut off')
    at += length
    return buffer.subarray(at - length, at)
  }
  return {
    get isAtEnd() {
      return at === buffer.length
    },
    byte: () => bytes(1).readUInt8(),
    bytes,
    unsigned: (width) =>
      width <= 4 ? bytes(width).readUIntLE(0, width) : Number(bytes(width).readBigUInt64LE()),
    line() {
      const end = buffer.indexOf(10, at)
      if (end < 0) throw new NotPlain('cut off')
      const text = buffer.toString('latin1', at, end)
      at = end + 1
      return text
    },
  }
}
