/** The one normal form of a request target: what our rules match is, byte for byte, what the app routes. */

export interface Target {
  /** Starts with `/`; has no dot segments, no empty segments, no encoded slashes or dots. */
  readonly path: string
  /** With its `?`, or empty. */
  readonly query: string
}

const longest = 16_384
// Visible ASCII without `#`, `\`, `"`, `<`, `>`, `^`, backtick, `{`, `|`, `}`: RFC 3986 §3.3, and what browsers send raw.
const pathShape = /^\/[\w\-.~!$&'()*+,;=:@%/[\]]*$/
const queryShape = /^\?[\x21\x22\x24-\x7e]*$/
// An encoded `/`, `\`, `.`, NUL or other control: two parsers would read two paths.
const trickyEscape = /%(2f|5c|2e|0\d|0[a-f]|1\d|1[a-f]|7f|25(2f|5c|2e|00))/i
const brokenEscape = /%(?![\da-f]{2})/i
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
  if (trickyEscape.test(path) || brokenEscape.test(path)) return null
  return { path, query }
}

/** The query without one parameter, its other bytes untouched. */
export function withoutParameter(query: string, name: string): string {
  if (!query.includes(name)) return query
  const kept = query
    .slice(1)
    .split('&')
    .filter((pair) => pair !== name && !pair.startsWith(`${name}=`))
  return kept.length === 0 ? '' : `?${kept.join('&')}`
}

/** The value of one parameter; `null` if it is absent or given twice. */
export function parameter(query: string, name: string): string | null {
  const values = new URLSearchParams(query).getAll(name)
  return values.length === 1 ? (values[0] ?? null) : null
}
