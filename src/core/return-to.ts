/**
 * Where to go after sign-in. The wish comes from a URL or a hidden field, so anyone may have written it.
 *
 *     target   = path [ "?" rest ] [ "#" rest ]
 *     path     = base "/" *( segment "/" ) [ segment ]      no empty segment but the last, none of dots alone
 *     segment  = printable ASCII but  " < > \ ? # /  and no escape of "/", "\", "." or a control character
 *     rest     = printable ASCII but  " < > \
 */

const maxLength = 2048

// SECURITY: a browser reads "\" as "/", and drops tabs and line ends wherever they are; both turn a path into another
// host. What it would have to correct is not taken at all.
const target = /^(\/[!$-;=@-[\]-~]*)(?:[?#][!#-;=?-[\]-~]*)?$/
const escapes = /%(?:2f|5c|2e|[01][0-9a-f]|7f)/i

// Ours, as far as they are pages one can be on; all else of ours is a step of signing in or out, or no page.
const ownPages = ['account']
// Going back to these signs out whoever just signed in (Streamlit's, Gradio's, Dash's), or starts all over again.
const ends = new Set(['logout', 'log-out', 'signout', 'sign-out'])

function decoded(path: string): string | null {
  try {
    return decodeURIComponent(path).toLowerCase()
  } catch {
    return null
  }
}

function leadsAround(path: string): boolean {
  const segments = path.replace(/\/$/, '').split('/').slice(1)
  const [first, second] = segments
  if (first === '_holdfast') return second === undefined || !ownPages.includes(second)
  const last = segments.at(-1) ?? ''
  return ends.has(last) || segments.slice(-2).join('/') === 'auth/login' || last === 'oauth2callback'
}

/**
 * The wished path if it is one on this origin below `base`, the path that the app is served under, that one can sensibly
 * return to; otherwise `base + '/'`. Same-origin for every URL parser there is, not by this one's reading.
 */
export function returnPath(value: string | null | undefined, base: string = ''): string {
  const home = `${base}/`
  if (value == null || value.length > maxLength || !value.startsWith(home)) return home
  const path = target.exec(value)?.[1]
  if (path === undefined || path.includes('//') || escapes.test(path)) return home
  if (/\/\.{1,2}(?:\/|$)/.test(path)) return home
  const plain = decoded(path.slice(base.length))
  return plain === null || leadsAround(plain) ? home : value
}
