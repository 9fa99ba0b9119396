/** What the gateway knows, as the pages of the admin listener are told it. */
import { digest } from '../../core/crypto.ts'
import type { Session } from '../../core/session.ts'
import type { AdminAccount, AdminPageContext } from '../../pages/admin-frame.ts'
import type { AdminSession } from '../../pages/admin-user.ts'
import { type SignedIn, signInName } from '../routes/own-proof.ts'
import type { Account } from '../standing.ts'
import type { Visit } from '../visit.ts'
import type { AdminParts } from './admin-parts.ts'

/** What every page is told. */
export function contextOf({ parts }: AdminParts, visit: Visit, mine: SignedIn): AdminPageContext {
  return {
    app: parts.app,
    base: parts.site.base,
    secure: parts.site.secure,
    acceptLanguage: visit.request.headers['accept-language'],
    admin: signInName(mine.identity),
  }
}

/** An account as pages show it. */
export function shownAccount({ ways }: AdminParts, { authenticator, userId }: Account): AdminAccount {
  return {
    userId,
    way: authenticator,
    wayLabel: ways.find(({ way }) => way === authenticator)?.label ?? null,
  }
}

/** Names a session on a page; no credential, and no id of the store. */
export function markOf(sid: string): string {
  return digest(`admin|${sid}`).slice(0, 16)
}

/** A session as pages show it. */
export function shownSession({
  device,
  createdAt,
  idleAt,
  idle,
}: Session): Omit<AdminSession, 'mark' | 'admin'> {
  return { ...device, since: createdAt, lastSeen: idleAt - idle }
}
