const longest = 254
const longestLocal = 64
// What the HTML standard takes for an address, with a dot in the domain. ASCII alone: two addresses that become the same
// in lower case must not be two people's (CVE-2019-19844).
const pattern =
  /^[a-z\d!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z\d!#$%&'*+/=?^_`{|}~-]+)*@(?:[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?\.)+[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?$/

/**
 * The one form of an e-mail address: lower case, no blanks around; `null` for what is none, or more than one. Whatever
 * compares or counts addresses MUST go through here.
 */
export function canonicalEmail(text: string): string | null {
  if (text.length > longest + 64) return null
  const email = text.trim().replace(/[A-Z]/g, (letter) => letter.toLowerCase())
  if (email.length > longest || !pattern.test(email)) return null
  return email.lastIndexOf('@') <= longestLocal ? email : null
}

/** Whether an address, as `canonicalEmail` gives it, is of this domain exactly: its subdomains are others'. */
export function isOfDomain(email: string, domain: string): boolean {
  return email.slice(email.lastIndexOf('@') + 1) === domain.toLowerCase()
}
