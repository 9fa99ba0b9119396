/** What a check found out about one thing. */
export interface Finding {
  readonly about: string
  readonly ok: boolean
  /** What is so, or what is wrong and what to do. */
  readonly message: string
  /** The exit code that it asks for: 1 does not work now, 2 must be configured otherwise. */
  readonly code: 0 | 1 | 2
}

export function fine(about: string, message: string): Finding {
  return { about, ok: true, message, code: 0 }
}

export function bad(about: string, message: string, code: 1 | 2): Finding {
  return { about, ok: false, message, code }
}
