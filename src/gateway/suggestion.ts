/** What somebody may have meant who wrote something unknown. */

/** The known word nearest to `word`; `null` if none is near enough to be what was meant. */
export function nearest(word: string, known: readonly string[]): string | null {
  // Nobody mistypes this much; and the distance below costs length times length.
  if (word.length > 64) return null
  let best: string | null = null
  let least = Math.min(3, Math.max(1, Math.floor(word.length / 3))) + 1
  for (const candidate of known) {
    const distance = editDistance(plain(word), plain(candidate))
    if (distance >= least) continue
    best = candidate
    least = distance
  }
  return best
}

/** ` Did you mean x?`, or nothing. */
export function didYouMean(word: string, known: readonly string[], quote: string = '`'): string {
  const meant = nearest(word, known)
  return meant === null ? '' : ` Did you mean ${quote}${meant}${quote}?`
}

// `public_url`, `publicURL` and `public-url` are one word written three ways.
function plain(word: string): string {
  return word.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '')
}

/** Optimal string alignment: insertions, deletions, substitutions and swapped neighbours count one each. */
function editDistance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, column) => column)]
  const at = (row: number, column: number): number => rows[row]?.[column] ?? Number.POSITIVE_INFINITY
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    rows.push(row)
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      row.push(
        Math.min(
          at(i - 1, j) + 1,
          at(i, j - 1) + 1,
          at(i - 1, j - 1) + (same ? 0 : 1),
          swapped ? at(i - 2, j - 2) + 1 : Number.POSITIVE_INFINITY,
        ),
      )
    }
  }
  return at(a.length, b.length)
}
