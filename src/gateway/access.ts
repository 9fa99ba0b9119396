/** Who may reach what: one pure decision, the same for requests and for WebSocket upgrades. */
import { rolesOf, type Session } from '../core/session.ts'

/** `signed-in`: only people who signed in; `anyone`: everybody. */
export type Access = 'signed-in' | 'anyone'

/** What holds for a path: `/x` exactly, or `/x/*` for it and all below. */
export interface AccessRule {
  readonly path: string
  readonly access?: Access
  /** One of them is needed; implies `signed-in`. */
  readonly roles?: readonly string[]
  /** A session that showed a second factor is needed; implies `signed-in`. */
  readonly factor?: boolean
  /** In milliseconds: showing who one is, or with `factor` the factor, must not be longer ago; implies `signed-in`. */
  readonly freshWithin?: number
}

/** Who asks: what a session says of them. */
export type Visitor = Pick<Session, 'identity' | 'authenticatedAt' | 'factorAt'>

/** `step-up`: they may, once they have shown anew who they are; `step-up-factor`: by a second factor. */
export type Decision = 'pass' | 'sign-in' | 'forbidden' | 'step-up' | 'step-up-factor'

/**
 * Decides by the first rule whose path matches, or by the default. A rule that asks for something holds for every
 * spelling an app might route the same way; a rule that lets everybody in holds for its own spelling alone.
 */
export function decide(
  path: string,
  who: Visitor | null,
  rules: readonly AccessRule[],
  otherwise: Access,
  now: number = Date.now(),
): Decision {
  const rule = rules.find((one) =>
    opens(one) ? covers(exact(one.path), path) : covers(plain(one.path), plain(path)),
  )
  const roles = rule?.roles ?? []
  const access = rule === undefined || opens(rule) || !asks(rule) ? (rule?.access ?? otherwise) : 'signed-in'
  if (access === 'anyone') return 'pass'
  const identity = who?.identity ?? null
  if (who === null || identity === null) return 'sign-in'
  if (roles.length > 0 && !rolesOf(identity).some((role) => roles.includes(role))) return 'forbidden'
  return rule === undefined ? 'pass' : proven(rule, who, now)
}

/** SECURITY: asked last, so that nobody shows a factor for what they may not see in any case. */
function proven(
  { factor = false, freshWithin }: AccessRule,
  { authenticatedAt, factorAt }: Visitor,
  now: number,
): Decision {
  const shownAt = factor ? factorAt : latest(authenticatedAt, factorAt)
  if (factor && shownAt === null) return 'step-up-factor'
  if (freshWithin === undefined) return 'pass'
  if (shownAt !== null && now - shownAt < freshWithin) return 'pass'
  return factor ? 'step-up-factor' : 'step-up'
}

function latest(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b
  return Math.max(a, b)
}

/** Whether a rule asks for more than being signed in. */
export function asks({ roles = [], factor = false, freshWithin }: AccessRule): boolean {
  return roles.length > 0 || factor || freshWithin !== undefined
}

function opens(rule: AccessRule): boolean {
  return rule.access === 'anyone' && !asks(rule)
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
