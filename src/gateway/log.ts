/** Where the gateway says what happens. One line an event; no token, cookie, password or query ever in it. */

export type LogLevel = 'info' | 'warn' | 'error'

/** Plain fields; texts from outside are cut and escaped by whoever writes the line. */
export type LogFields = Readonly<Record<string, string | number | boolean | null>>

export interface Log {
  write(level: LogLevel, event: string, fields?: LogFields): void
}

/** A log that may hold lines back. */
export interface OpenLog extends Log {
  /** Writes what is held back, before the process ends. */
  flush(): void
}

// CVE-2026-54338: a client's text must not decide how long a line is.
const longestField = 256

/**
 * The fields with every text cut to 256 characters and made one plain line: what would start another line, move a
 * terminal's cursor or turn the reading direction (CVE-2021-42574) is written out as `\u{…}`.
 */
export function bounded(fields: LogFields): LogFields {
  const out: Record<string, string | number | boolean | null> = {}
  for (const [name, value] of Object.entries(fields))
    out[name] = typeof value === 'string' ? plain(value) : value
  return out
}

function plain(text: string): string {
  const cut = text.length > longestField ? `${text.slice(0, longestField)}…` : text
  return cut
    .toWellFormed()
    .replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (one) => `\\u{${one.codePointAt(0)?.toString(16)}}`)
}
