/** What the cookies of a connection said, so that the same ones are not read anew with each of its requests. */

/**
 * Reads Cookie headers, and remembers one for each connection, which it goes with: a map of credentials would lie about in
 * memory. Where nobody knows the connection (`undefined`), each is read. `read` is to say only what follows from the text
 * alone: whether a session lives is asked with each request. Whoever shares a connection with others (behind a proxy) learns
 * nothing by its speed: engines compare texts eight bytes at a time, and no eight bytes of a credential can be guessed.
 */
export function cookieMemory<Reading>(
  read: (header: string) => Reading,
): (connection: object | undefined, header: string) => Reading {
  const last = new WeakMap<object, { readonly header: string; readonly reading: Reading }>()
  return (connection, header) => {
    if (connection === undefined) return read(header)
    const known = last.get(connection)
    if (known !== undefined && known.header === header) return known.reading
    const reading = read(header)
    last.set(connection, { header, reading })
    return reading
  }
}
