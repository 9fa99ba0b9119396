/** The same length, one character in the middle another one. At an end it may be the same already, or hold unused bits. */
export function altered(text: string): string {
  const at = text.length >> 1
  return `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`
}
