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

/** Decides by the first rule whose path matches, or by the default. */
export function decide(
  path: string,
  who: Identity | null,
  rules: readonly AccessRule[],
  otherwise: Access,
): Decision {
  const rule = rules.find((one) => matches(one.path, path))
  const roles = rule?.roles ?? []
  const access = roles.length > 0 ? 'signed-in' : (rule?.access ?? otherwise)
  if (access === 'anyone') return 'pass'
  if (who === null) return 'sign-in'
  if (roles.length === 0) return 'pass'
  return rolesOf(who).some((role) => roles.includes(role)) ? 'pass' : 'forbidden'
}

function matches(pattern: string, path: string): boolean {
  if (!pattern.endsWith('/*')) return sameCase(path) === sameCase(pattern)
  const folder = sameCase(pattern.slice(0, -2))
  const candidate = sameCase(path)
  return candidate === folder || candidate.startsWith(`${folder}/`)
}

// An upstream may route /Admin as /admin, and %61dmin as admin: the stricter reading is the safe one for role rules.
function sameCase(path: string): string {
  return decodeURIComponentSafely(path).toLowerCase()
}

function decodeURIComponentSafely(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}
