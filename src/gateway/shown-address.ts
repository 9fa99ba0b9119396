/** Addresses as they may be shown: what a terminal says is soon in a ticket, a chat or the log of a build. */

/**
 * A text without the user, the password and the query that an address in it may hold. It need not be a whole address, nor a
 * right one: a password is most often shown because of a slip in what stands around it. SECURITY: up to the last @,
 * whatever is before it, for a password that was not encoded may hold any character; and to be asked before a text is cut.
 */
export function shownAddress(text: string): string {
  // What comes first here may be the query, and then the @ is in a password of the query.
  const bare = /^[^@]*\?.*@/s.test(text)
    ? text.replace(/(:\/*|\/\/).*$/s, '$1…')
    : text.replace(/(:\/*|\/\/).*@/s, '$1…@')
  return bare.includes('://') ? bare.replace(/[?#].*$/s, '?…') : bare
}
