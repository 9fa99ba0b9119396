/** Where the gateway says what happens. One line an event; no token, cookie, password or query ever in it. */

export type LogLevel = 'info' | 'warn' | 'error'

/** Plain fields; texts from outside are cut and escaped by whoever writes the line. */
export type LogFields = Readonly<Record<string, string | number | boolean | null>>

export interface Log {
  write(level: LogLevel, event: string, fields?: LogFields): void
}

// CVE-2026-54338: a client's text must not decide how long a line is.
const longestField = 256

/** The fields with every text cut to 256 characters. */
export function bounded(fields: LogFields): LogFields {
  const out: Record<string, string | number | boolean | null> = {}
  for (const [name, value] of Object.entries(fields)) {
    out[name] =
      typeof value === 'string' && value.length > longestField ? `${value.slice(0, longestField)}…` : value
  }
  return out
}
