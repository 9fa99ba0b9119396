import { en } from './texts/en.ts'
import { zh } from './texts/zh.ts'
import type { Texts } from './texts.ts'

const byLanguage: ReadonlyMap<string, Texts> = new Map([
  ['en', en],
  ['zh', zh],
])

// A header is attacker-sized; nobody reads more languages than this.
const maxRanges = 16

interface Range {
  readonly language: string
  readonly quality: number
}

function parseRange(text: string): Range {
  const [tag = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase())
  const weight = parameters.find((parameter) => parameter.startsWith('q='))
  const quality = weight === undefined ? 1 : Number(weight.slice(2))
  // By primary language alone: someone who reads zh-TW is better served by zh than by English.
  return { language: tag.split('-', 1)[0] ?? '', quality: quality >= 0 && quality <= 1 ? quality : 0 }
}

/** The texts in the language a browser likes best (`Accept-Language`, RFC 9110 §12.5.4), English otherwise. */
export function textsFor(acceptLanguage: string | undefined): Texts {
  const ranges = (acceptLanguage ?? '').split(',', maxRanges).map(parseRange)
  const wanted = ranges
    .filter((range) => range.quality > 0 && byLanguage.has(range.language))
    .sort((a, b) => b.quality - a.quality)[0]
  return (wanted && byLanguage.get(wanted.language)) ?? en
}
