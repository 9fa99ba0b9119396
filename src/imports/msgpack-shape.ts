/** What bytes of msgpack announce, held against what they are, before anything is made of them. */

/**
 * Whether the bytes are one whole value, nested at most `deepest` deep. SECURITY: a decoder makes room for a list when it
 * reads how long that is to be; five bytes announce four thousand million entries, and the next five, inside, again.
 */
export function isWholeMsgpack(bytes: Uint8Array, deepest: number): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  // How many values each open list and map still wants, the outermost first.
  const wanted = [1]
  let at = 0
  while (wanted.length > 0) {
    const left = wanted.pop() ?? 0
    if (left === 0) continue
    wanted.push(left - 1)
    const head = at < bytes.length ? headAt(view, at) : null
    if (head === null) return false
    at += head.size
    if (at > bytes.length) return false
    if (head.values === 0) continue
    if (wanted.length > deepest) return false
    wanted.push(head.values)
  }
  return at === bytes.length
}

/** How many bytes a value is without those it holds, and how many values it holds. */
interface Head {
  readonly size: number
  readonly values: number
}

/** `null` for what no value begins with, or where its length is cut off. */
function headAt(view: DataView, at: number): Head | null {
  const code = view.getUint8(at)
  if (code < 0x80 || code >= 0xe0) return leaf(1)
  if (code < 0x90) return { size: 1, values: 2 * (code & 0x0f) }
  if (code < 0xa0) return { size: 1, values: code & 0x0f }
  if (code < 0xc0) return leaf(1 + (code & 0x1f))
  const fixed = sizes.get(code)
  if (fixed !== undefined) return leaf(fixed)
  const counted = lengths.get(code)
  if (counted === undefined || at + 1 + counted.width > view.byteLength) return null
  const length = numberAt(view, at + 1, counted.width)
  const own = 1 + counted.width
  return counted.each === 0 ? leaf(own + counted.more + length) : { size: own, values: length * counted.each }
}

function leaf(size: number): Head {
  return { size, values: 0 }
}

function numberAt(view: DataView, at: number, width: 1 | 2 | 4): number {
  if (width === 1) return view.getUint8(at)
  return width === 2 ? view.getUint16(at) : view.getUint32(at)
}

/** Values whose size the first byte says: nil, the truths, numbers, extensions of fixed size. */
const sizes: ReadonlyMap<number, number> = new Map([
  ...([0xc0, 0xc2, 0xc3] as const).map((code) => [code, 1] as const),
  ...([0xca, 0xce, 0xd2] as const).map((code) => [code, 5] as const),
  ...([0xcb, 0xcf, 0xd3] as const).map((code) => [code, 9] as const),
  ...([0xcc, 0xd0] as const).map((code) => [code, 2] as const),
  ...([0xcd, 0xd1] as const).map((code) => [code, 3] as const),
  ...([0xd4, 0xd5, 0xd6, 0xd7, 0xd8] as const).map((code, index) => [code, 2 + 2 ** index] as const),
])

interface Counted {
  /** Of the number behind the first byte. */
  readonly width: 1 | 2 | 4
  /** Bytes besides those counted: the kind of an extension. */
  readonly more: 0 | 1
  /** How many values each entry is; 0: bytes are counted. */
  readonly each: 0 | 1 | 2
}

const counted = (width: Counted['width'], more: Counted['more'], each: Counted['each']): Counted => ({
  width,
  more,
  each,
})

/** Values whose length is a number behind the first byte: bytes, extensions, texts, lists, maps. */
const lengths: ReadonlyMap<number, Counted> = new Map([
  ...([1, 2, 4] as const).flatMap((width, index) => [
    [0xc4 + index, counted(width, 0, 0)] as const,
    [0xc7 + index, counted(width, 1, 0)] as const,
    [0xd9 + index, counted(width, 0, 0)] as const,
  ]),
  ...([2, 4] as const).flatMap((width, index) => [
    [0xdc + index, counted(width, 0, 1)] as const,
    [0xde + index, counted(width, 0, 2)] as const,
  ]),
])
