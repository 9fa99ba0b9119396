import { readCookie } from './cookie.ts'
import { isFormBinding } from './form-token.ts'

// As long as a form token lives, clock skew included: the last form shown must not outlive its cookie's use.
const lifetimeSeconds = 62 * 60

/**
 * The binding a browser sent in its `Cookie` header, or `null` if there is none, it is malformed, or there are two
 * that differ: a neighbour on the same host may have planted one, and neither can be told from the other.
 */
export function readFormCookie(header: string | undefined, name: string): string | null {
  const value = readCookie(header, name)
  return value !== null && isFormBinding(value) ? value : null
}

/**
 * The `Set-Cookie` line that keeps a binding. `name` is `__Host-Http-holdfast-form` on https, `holdfast-form-<port>`
 * on http.
 */
export function formCookie(name: string, binding: string, secure: boolean): string {
  // Lax, not Strict: a browser that comes to the page by a link from elsewhere still sends the binding it has, so
  // that a form open in another tab stays valid.
  return `${name}=${binding}; Path=/; Max-Age=${lifetimeSeconds}; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`
}

/** The `Set-Cookie` line that removes the binding. The same attributes, or a browser would keep a prefixed cookie. */
export function removeFormCookie(name: string, secure: boolean): string {
  return `${name}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`
}
