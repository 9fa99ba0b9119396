/** Spans of time as people write them. */

const units: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
}

/** Milliseconds of `90s`, `30m`, `12h`, `14d`, `2w` or `1h30m`; `null` for anything else, a bare number included. */
export function parseDuration(text: string): number | null {
  // duration = 1*( 1*9DIGIT unit )
  if (!/^(?:\d{1,9}[smhdw])+$/.test(text)) return null
  let total = 0
  for (const [, count, unit] of text.matchAll(/(\d+)([smhdw])/g)) {
    total += Number(count) * (units[unit ?? ''] ?? 0)
  }
  return total
}
