/** The one normal form of a request target: what our rules match is, byte for byte, what the app routes. */

export interface Target {
  /** Starts with `/`; has no dot segments, no empty segments, no encoded slashes or dots. */
  readonly path: string
  /** With its `?`, or empty. */
  readonly query: string
}

const longest = 16_384
// RFC 3986 §3.3, and `[`, `]`, `|`, which browsers send raw.
const pathShape = /^\/[\w\-.~!$&'()*+,;=:@%/[\]|]*$/
const queryShape = /^\?[\x21\x22\x24-\x7e]*$/
// An encoded `/`, `\`, `.`, NUL or other control, however often it is encoded: two parsers would read two paths.
const trickyEscape = /%(25)*(2f|5c|2e|[01][\da-f]|7f)/i
// `.` and `..`, also with a path parameter (`..;x`, which servlet containers cut off).
const dotSegment = /(^|\/)\.\.?(;[^/]*)?(\/|$)/

/**
 * The target of a request line; `null` for one that is refused with 400: not origin-form, `//`, backslash, dot segments,
 * encoded slashes or dots, controls, `#`, or broken escapes (CVE-2026-33494, CVE-2026-126344, CVE-2021-32637).
 */
export function requestTarget(raw: string): Target | null {
  if (raw.length > longest) return null
  const mark = raw.indexOf('?')
  const path = mark < 0 ? raw : raw.slice(0, mark)
  const query = mark < 0 ? '' : raw.slice(mark)
  if (!pathShape.test(path) || (query !== '' && !queryShape.test(query))) return null
  if (path.includes('//') || dotSegment.test(path)) return null
  if (path.includes('%') && (trickyEscape.test(path) || !isUtf8(path))) return null
  return { path, query }
}

// Broken escapes, and overlong or lone bytes, which one decoder refuses and the next one turns into a letter or a dot.
function isUtf8(path: string): boolean {
  try {
    decodeURIComponent(path)
    return true
  } catch {
    return false
  }
}

/** The query without one parameter, however its name is spelt; its other bytes are untouched. */
export function withoutParameter(query: string, name: string): string {
  if (!query.includes(name) && !query.includes('%')) return query
  const pairs = query.slice(1).split('&')
  const kept = pairs.filter((pair) => !new URLSearchParams(pair).has(name))
  if (kept.length === pairs.length) return query
  return kept.length === 0 ? '' : `?${kept.join('&')}`
}

/** The value of one parameter; `null` if it is absent or given twice. */
export function parameter(query: string, name: string): string | null {
  const values = new URLSearchParams(query).getAll(name)
  return values.length === 1 ? (values[0] ?? null) : null
}
