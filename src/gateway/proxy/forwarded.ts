/** What the gateway tells the app about the request: who, from where, at which address. */
import type { Identity, Json } from '../../core/contracts.ts'
import { rolesOf } from '../../core/session.ts'
import type { Site } from '../site.ts'
import type { Visit } from '../visit.ts'
import type { HeaderList } from './headers.ts'

/** Ours alone: clients' own copies are stripped before these are added. */
export type ForwardedHeaders = (visit: Pick<Visit, 'address' | 'presented'>) => HeaderList

/** What is the same for all requests, and for all of a session, is put together once. */
export function forwardedHeaders(site: Site): ForwardedHeaders {
  const ofSite: HeaderList = [
    'x-forwarded-proto',
    site.secure ? 'https' : 'http',
    'x-forwarded-host',
    site.origin.slice(site.origin.indexOf('//') + 2),
    ...(site.base === '' ? [] : ['x-forwarded-prefix', site.base]),
  ]
  const ofIdentity = new WeakMap<Identity, HeaderList>()

  return ({ address, presented: { session } }) => {
    const identity = session?.identity ?? null
    if (identity === null) return ['x-forwarded-for', address, ...ofSite]
    let known = ofIdentity.get(identity)
    if (known === undefined) {
      known = identityHeaders(identity)
      ofIdentity.set(identity, known)
    }
    return ['x-forwarded-for', address, ...ofSite, ...known]
  }
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
