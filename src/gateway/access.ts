/** Who may reach what: one pure decision, the same for requests and for WebSocket upgrades. */
import type { Identity } from '../core/contracts.ts'
import { rolesOf } from '../core/session.ts'

/** `signed-in`: only people who signed in; `anyone`: everybody. */
export type Access = 'signed-in' | 'anyone'

/** What holds for a path: `/x` exactly, or `/x/*` for it and all below. */
export interface AccessRule {
  readonly path: string
  readonly access?: Access
  /** One of them is needed; implies `signed-in`. */
  readonly roles?: readonly string[]
}

export type Decision = 'pass' | 'sign-in' | 'forbidden'

/**
 * Decides by the first rule whose path matches, or by the default. A rule that asks for something holds for every
 * spelling an app might route the same way; a rule that lets everybody in holds for its own spelling alone.
 */
export function decide(
  path: string,
  who: Identity | null,
  rules: readonly AccessRule[],
  otherwise: Access,
): Decision {
  const rule = rules.find((one) =>
    opens(one) ? covers(exact(one.path), path) : covers(plain(one.path), plain(path)),
  )
  const roles = rule?.roles ?? []
  const access = roles.length > 0 ? 'signed-in' : (rule?.access ?? otherwise)
  if (access === 'anyone') return 'pass'
  if (who === null) return 'sign-in'
  if (roles.length === 0) return 'pass'
  return rolesOf(who).some((role) => roles.includes(role)) ? 'pass' : 'forbidden'
}

function opens({ access, roles = [] }: AccessRule): boolean {
  return access === 'anyone' && roles.length === 0
}

function covers(pattern: string, path: string): boolean {
  if (!pattern.endsWith('/*')) return path === pattern
  const folder = pattern.slice(0, -2)
  return path === folder || path.startsWith(`${folder}/`)
}

/** The pattern as a request line has it. */
function exact(pattern: string): string {
  return /[^\x21-\x7e]/.test(pattern) ? encodeURI(pattern) : pattern
}

// Apps route /Admin, /%61dmin and /admin/ as /admin, some /admin;x too, and some decode twice.
const decodings = 3

function plain(path: string): string {
  let text = path
  for (let i = 0; i < decodings && text.includes('%'); i++) text = decoded(text)
  const segments = text
    .toLowerCase()
    .replace(/;[^/]*/g, '')
    .replace(/\/+/g, '/')
  return segments.length > 1 && segments.endsWith('/') ? segments.slice(0, -1) : segments
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text.replace(/%[0-7][\da-f]/gi, (one) => String.fromCharCode(Number.parseInt(one.slice(1), 16)))
  }
}
