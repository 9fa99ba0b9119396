/** Numbers and texts as pickles write them. Each throws `NotPlain` for what is none. */
import { NotPlain } from './pickle-cursor.ts'

function whole(value: bigint): number | bigint {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

/** A whole number in decimal; protocol 0 writes the two truths as 00 and 01. */
export function decimal(text: string): number | bigint | boolean {
  if (text === '00' || text === '01') return text === '01'
  if (!/^-?\d{1,400}L?$/.test(text)) throw new NotPlain('no number')
  return whole(BigInt(text.replace('L', '')))
}

/** A whole number in two's complement, lowest byte first. */
export function littleEndian(bytes: Buffer): number | bigint {
  if (bytes.length === 0) return 0
  if (bytes.length > 128) throw new NotPlain('a number that is too long')
  const hex = Buffer.from(bytes).reverse().toString('hex')
  return whole(BigInt.asIntN(bytes.length * 8, BigInt(`0x${hex}`)))
}

/** A decimal number, as Python prints it. */
export function float(text: string): number {
  if (!/^-?(\d+(\.\d*)?(e[+-]?\d+)?|inf|nan)$/.test(text)) throw new NotPlain('no number')
  return Number(text.replace('inf', 'Infinity'))
}

/** A text in UTF-8. */
export function utf8(bytes: Buffer): string {
  // Python writes lone surrogates as they are; no text that anybody signs in with has any.
  const text = bytes.toString('utf8')
  if (!Buffer.from(text, 'utf8').equals(bytes)) throw new NotPlain('no text')
  return text
}

/** A text of protocol 0, Latin-1 with `\uXXXX`. */
export function escaped(line: string): string {
  return line.replace(/\\u([0-9a-fA-F]{4})|\\U([0-9a-fA-F]{8})/g, (_, short?: string, long?: string) => {
    const point = Number.parseInt(short ?? long ?? '', 16)
    if (point > 0x10ffff) throw new NotPlain('no text')
    return String.fromCodePoint(point)
  })
}
