/** What the gateway tells the app about the request: who, from where, at which address. */
import type { Identity, Json } from '../../core/contracts.ts'
import { rolesOf, type Session } from '../../core/session.ts'
import type { Site } from '../site.ts'
import type { Visit } from '../visit.ts'
import type { HeaderList } from './headers.ts'

/** Ours alone: clients' own copies are stripped before these are added. */
export type ForwardedHeaders = (visit: Pick<Visit, 'address' | 'presented'>) => HeaderList

/** What opens the session's state, where anything is stored of it. */
export const sessionHeader = 'holdfast-session'
/** The tab whose page opens a socket. */
export const tabHeader = 'holdfast-tab'

/**
 * What is the same for all requests, and for all of a session, is put together once. `capability` says what opens the
 * state of a session.
 */
export function forwardedHeaders(
  site: Site,
  capability: (session: Session) => string | null,
): ForwardedHeaders {
  const ofSite: HeaderList = [
    'x-forwarded-proto',
    site.secure ? 'https' : 'http',
    'x-forwarded-host',
    site.origin.slice(site.origin.indexOf('//') + 2),
    ...(site.base === '' ? [] : ['x-forwarded-prefix', site.base]),
  ]
  const ofSession = new WeakMap<Session, HeaderList>()

  return ({ address, presented: { session } }) => {
    if (session === null) return ['x-forwarded-for', address, ...ofSite]
    let known = ofSession.get(session)
    if (known === undefined) {
      known = sessionHeaders(session, capability(session))
      ofSession.set(session, known)
    }
    return ['x-forwarded-for', address, ...ofSite, ...known]
  }
}

function sessionHeaders({ identity }: Session, capability: string | null): HeaderList {
  const headers = identity === null ? [] : identityHeaders(identity)
  if (capability !== null) headers.push(sessionHeader, capability)
  return headers
}

function identityHeaders(identity: Identity): HeaderList {
  const headers: HeaderList = []
  const { userId, claims } = identity
  add(headers, 'x-forwarded-user', userId)
  add(headers, 'x-forwarded-preferred-username', claims.preferred_username ?? userId)
  add(headers, 'x-forwarded-email', claims.email)
  const groups = rolesOf(identity).map((role) => headerText(role).replaceAll(',', '%2C'))
  if (groups.length > 0) headers.push('x-forwarded-groups', groups.join(','))
  return headers
}

function add(headers: HeaderList, name: string, value: Json | undefined): void {
  if (typeof value !== 'string' || value === '') return
  headers.push(name, headerText(value))
}

/**
 * A text as a header value. Controls, blanks at its ends and what is not ASCII go as percent-encoded UTF-8 (and `%` with
 * them), so that a name with a line break ends no header (CVE-2026-1527) and no two names look alike.
 */
export function headerText(value: string): string {
  if (/^[\x21-\x24\x26-\x7e]*$/.test(value)) return value
  return value.toWellFormed().replace(/^ +| +$|[^\x20-\x24\x26-\x7e]/gu, encodeURIComponent)
}
