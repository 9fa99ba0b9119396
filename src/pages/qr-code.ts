/** A text as a QR code (ISO/IEC 18004), for a telephone to read off the screen: bytes, level M, versions 1 to 20. */
import { toUtf8 } from '../core/crypto.ts'
import { type Html, html } from './html.ts'

// Table 9: check bytes of each block, and blocks, at level M.
const checkBytes = [10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28, 28, 26, 26, 26]
const blockCounts = [1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10, 10, 11, 13, 14, 16]

/** Rows of modules, `true` for dark. */
export type QrModules = readonly (readonly boolean[])[]

/** The picture, with the quiet zone that readers need; `null` for a text that is too long. */
export function qrCode(text: string, label: string): Html | null {
  const modules = qrModules(text)
  if (modules === null) return null
  const size = modules.length + 8
  const path = modules
    .flatMap((row, y) => row.flatMap((dark, x) => (dark ? [`M${x + 4} ${y + 4}h1v1h-1z`] : [])))
    .join('')
  // Dark on light in dark mode too: many readers know nothing else.
  return html`<svg class="qr" viewBox="0 0 ${size} ${size}" role="img" aria-label="${label}" shape-rendering="crispEdges"><rect width="${size}" height="${size}" fill="#ffffff"/><path d="${path}" fill="#000000"/></svg>`
}

/** `null` for a text that is too long. */
export function qrModules(text: string): QrModules | null {
  const bytes = toUtf8(text)
  const version = checkBytes.findIndex((_, index) => bytes.length <= roomOf(index + 1)) + 1
  if (version === 0) return null
  const stream = interleaved(version, padded(bytes, version))
  const candidates = Array.from({ length: 8 }, (_, mask) => drawn(version, stream, mask))
  const weighed = candidates.map((modules) => ({ modules, cost: penalty(modules) }))
  return weighed.reduce((best, one) => (one.cost < best.cost ? one : best)).modules
}

function moduleCount(version: number): number {
  const whole = (16 * version + 128) * version + 64
  if (version < 2) return whole
  const lines = Math.floor(version / 7) + 2
  return whole - ((25 * lines - 10) * lines - 55) - (version >= 7 ? 36 : 0)
}

function dataBytes(version: number): number {
  const check = (checkBytes[version - 1] ?? 0) * (blockCounts[version - 1] ?? 0)
  return Math.floor(moduleCount(version) / 8) - check
}

const lengthBits = (version: number): number => (version < 10 ? 8 : 16)

function roomOf(version: number): number {
  return Math.floor((dataBytes(version) * 8 - 4 - lengthBits(version)) / 8)
}

function padded(bytes: Uint8Array, version: number): number[] {
  const bits = (value: number, count: number): string => value.toString(2).padStart(count, '0')
  const size = dataBytes(version)
  let text = `0100${bits(bytes.length, lengthBits(version))}${[...bytes].map((byte) => bits(byte, 8)).join('')}`
  text = text.padEnd(Math.min(size * 8, text.length + 4), '0')
  text = text.padEnd(Math.ceil(text.length / 8) * 8, '0')
  const data = (text.match(/.{8}/g) ?? []).map((eight) => Number.parseInt(eight, 2))
  for (let pad = 0xec; data.length < size; pad ^= 0xec ^ 0x11) data.push(pad)
  return data
}

// Multiplication in GF(2^8) modulo x^8 + x^4 + x^3 + x^2 + 1.
function times(a: number, b: number): number {
  let product = 0
  for (let bit = 7; bit >= 0; bit--) {
    product = (product << 1) ^ ((product >> 7) * 0x11d)
    product ^= ((b >> bit) & 1) * a
  }
  return product
}

function checkOf(data: readonly number[], degree: number): number[] {
  let divisor = [1]
  let root = 1
  for (let i = 0; i < degree; i++, root = times(root, 2))
    divisor = [...divisor, 0].map((one, at) => one ^ times(divisor[at - 1] ?? 0, root))
  const rest = new Array<number>(degree).fill(0)
  for (const byte of data) {
    const factor = byte ^ (rest.shift() ?? 0)
    rest.push(0)
    for (let i = 0; i < degree; i++) rest[i] = (rest[i] ?? 0) ^ times(divisor[i + 1] ?? 0, factor)
  }
  return rest
}

/** The blocks, shorter ones first, read across; then their check bytes likewise. */
function interleaved(version: number, data: readonly number[]): number[] {
  const count = blockCounts[version - 1] ?? 1
  const degree = checkBytes[version - 1] ?? 0
  const short = Math.floor(data.length / count)
  const longer = data.length % count
  const blocks: number[][] = []
  for (let i = 0, at = 0; i < count; i++) {
    const length = short + (i >= count - longer ? 1 : 0)
    blocks.push(data.slice(at, at + length))
    at += length
  }
  const across = (rows: readonly (readonly number[])[], length: number): number[] =>
    Array.from({ length }, (_, i) => rows.flatMap((row) => row[i] ?? [])).flat()
  return [
    ...across(blocks, short + 1),
    ...across(
      blocks.map((one) => checkOf(one, degree)),
      degree,
    ),
  ]
}

type Cells = (boolean | null)[][]

function alignments(version: number): number[] {
  if (version === 1) return []
  const lines = Math.floor(version / 7) + 2
  const step = Math.ceil((version * 4 + 4) / (lines * 2 - 2)) * 2
  const far = version * 4 + 10
  return [6, ...Array.from({ length: lines - 1 }, (_, i) => far - (lines - 2 - i) * step)]
}

function frame(version: number, mask: number): Cells {
  const size = version * 4 + 17
  const cells: Cells = Array.from({ length: size }, () => new Array<boolean | null>(size).fill(null))
  const set: Draw = (x, y, dark) => {
    const row = cells[y]
    if (row !== undefined && x >= 0 && x < size) row[x] = dark
  }
  const square = (x: number, y: number, reach: number, isDark: (ring: number) => boolean): void => {
    for (let dy = -reach; dy <= reach; dy++)
      for (let dx = -reach; dx <= reach; dx++)
        set(x + dx, y + dy, isDark(Math.max(Math.abs(dx), Math.abs(dy))))
  }
  for (let i = 0; i < size; i++) {
    set(6, i, i % 2 === 0)
    set(i, 6, i % 2 === 0)
  }
  const corners = [
    [3, 3],
    [size - 4, 3],
    [3, size - 4],
  ] as const
  for (const [x, y] of corners) square(x, y, 4, (ring) => ring !== 2 && ring !== 4)
  const lines = alignments(version)
  const last = lines.length - 1
  for (const [i, x] of lines.entries())
    for (const [j, y] of lines.entries())
      if (!((i === 0 && (j === 0 || j === last)) || (i === last && j === 0)))
        square(x, y, 2, (ring) => ring !== 1)
  drawFormat(size, mask, set)
  if (version >= 7) drawVersion(size, version, set)
  return cells
}

type Draw = (x: number, y: number, dark: boolean) => void

function drawFormat(size: number, mask: number, set: Draw): void {
  // Level M is 00.
  const format = withCheck(mask, 10, 0x537) ^ 0x5412
  const formatBit = (i: number): boolean => ((format >> i) & 1) === 1
  // Twice: round the first corner, and shared between the other two. The timing patterns are stepped over.
  const first = [0, 1, 2, 3, 4, 5, 7, 8]
  for (let i = 0; i < 15; i++) {
    set(8, first[i] ?? size - 15 + i, formatBit(i))
    set(i < 8 ? size - 1 - i : (first[14 - i] ?? 7), 8, formatBit(i))
  }
  set(8, size - 8, true)
}

function drawVersion(size: number, version: number, set: Draw): void {
  const info = withCheck(version, 12, 0x1f25)
  for (let i = 0; i < 18; i++) {
    const dark = ((info >> i) & 1) === 1
    const [near, far] = [Math.floor(i / 3), size - 11 + (i % 3)]
    set(far, near, dark)
    set(near, far, dark)
  }
}

/** A number with the remainder of its division by a polynomial behind it (BCH). */
function withCheck(value: number, bits: number, polynomial: number): number {
  let rest = value
  for (let i = 0; i < bits; i++) rest = (rest << 1) ^ ((rest >> (bits - 1)) * polynomial)
  return (value << bits) | rest
}

const masks: readonly ((x: number, y: number) => number)[] = [
  (x, y) => (x + y) % 2,
  (_x, y) => y % 2,
  (x) => x % 3,
  (x, y) => (x + y) % 3,
  (x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2,
  (x, y) => ((x * y) % 2) + ((x * y) % 3),
  (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2,
  (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2,
]

/** Where the stream goes, in its order: two columns at a time, up and down in turns, beside the timing pattern. */
function* path(size: number): Generator<readonly [x: number, y: number]> {
  let upward = true
  for (let right = size - 1; right > 0; right -= right === 8 ? 3 : 2, upward = !upward) {
    for (let i = 0; i < size; i++) {
      const y = upward ? size - 1 - i : i
      yield [right, y]
      yield [right - 1, y]
    }
  }
}

function drawn(version: number, stream: readonly number[], mask: number): boolean[][] {
  const cells = frame(version, mask)
  const flips = masks[mask] ?? (() => 1)
  let at = 0
  for (const [x, y] of path(cells.length)) {
    const row = cells[y]
    if (row === undefined || row[x] !== null) continue
    const bit = ((stream[at >> 3] ?? 0) >> (7 - (at & 7))) & 1
    row[x] = (bit === 1) !== (flips(x, y) === 0)
    at++
  }
  return cells.map((row) => row.map((cell) => cell === true))
}

/** What a mask costs (§7.8.3): long runs, blocks, and being too dark or too light. */
function penalty(modules: readonly (readonly boolean[])[]): number {
  const columns = modules.map((_, x) => modules.map((row) => row[x] === true))
  const text = [...modules, ...columns].map((line) => line.map((dark) => (dark ? '1' : '0')).join(''))
  let cost = 0
  for (const line of text) {
    for (const run of line.match(/1{5,}|0{5,}/g) ?? []) cost += run.length - 2
    cost += 40 * (line.match(/(?=10111010000|00001011101)/g) ?? []).length
  }
  let dark = 0
  for (const [y, row] of modules.entries())
    for (const [x, one] of row.entries()) {
      if (one) dark++
      const below = modules[y + 1]
      if (
        below !== undefined &&
        x + 1 < row.length &&
        row[x + 1] === one &&
        below[x] === one &&
        below[x + 1] === one
      )
        cost += 3
    }
  const share = (dark * 100) / modules.length ** 2
  return cost + Math.floor(Math.abs(share - 50) / 5) * 10
}
