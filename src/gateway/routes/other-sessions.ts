import type { Identity } from '../../core/contracts.ts'
import type { GatewayParts } from '../parts.ts'

/**
 * Ends every session of the account but this one (`null`: every one). Who got in by what was just changed must not stay in
 * (ASVS 7.4.3), at the admin page least of all. Rejects with `StoreError` where that cannot be confirmed.
 */
export async function endOthers(parts: GatewayParts, identity: Identity, own: string | null): Promise<void> {
  for (const sessions of [parts.adminSessions, parts.sessions]) {
    for (const { sid } of await sessions.listUser(identity)) {
      if (sid === own) continue
      await sessions.end(sid)
      parts.onEvent({ event: 'session_revoked', scope: 'session', subject: identity.userId })
    }
  }
}
