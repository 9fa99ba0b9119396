/** JSON as strictly as a signed text deserves: valid UTF-8, one object, no member twice, no towers of brackets. */
import type { JsonObject } from '../core/contracts.ts'

const deepest = 16

/**
 * The object in these bytes; `null` for anything else. RFC 8259 leaves a repeated member to the parser, and two parsers
 * that choose differently read two tokens in one (RFC 8725bis).
 */
export function readJsonObject(bytes: Uint8Array): JsonObject | null {
  let text: string
  let value: unknown
  try {
    // A byte order mark stays in the text, and JSON.parse refuses it.
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    value = JSON.parse(text)
  } catch {
    return null
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null
  return isPlain(text) ? (value as JsonObject) : null
}

/** Whether valid JSON is no deeper than it may be and repeats no member. */
function isPlain(json: string): boolean {
  const open: Set<string>[] = []
  // A text is a member's name if a colon follows: in valid JSON it follows nothing else.
  for (const [token, name] of json.matchAll(/("(?:[^"\\]|\\.)*")\s*:|"(?:[^"\\]|\\.)*"|[{}[\]]/g)) {
    if (token === '{' || token === '[') open.push(new Set())
    else if (token === '}' || token === ']') open.pop()
    else if (name !== undefined) {
      // Compared as read: "alg" spells alg too.
      const read: string = JSON.parse(name)
      const members = open.at(-1)
      if (members === undefined || members.has(read)) return false
      members.add(read)
    }
    if (open.length > deepest) return false
  }
  return true
}
