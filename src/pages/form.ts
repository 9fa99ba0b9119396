/**
 * The fields of a urlencoded body, or `null` if one comes twice: whoever checks the first and whoever uses the last
 * would not mean the same. Unknown fields are ignored by their readers.
 */
export function readForm(body: string): ReadonlyMap<string, string> | null {
  const fields = new Map<string, string>()
  for (const [name, value] of new URLSearchParams(body)) {
    if (fields.has(name)) return null
    fields.set(name, value)
  }
  return fields
}
