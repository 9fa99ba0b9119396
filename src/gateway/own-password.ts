/** Changing one's own password, wherever it is asked for. Whoever calls this has seen that it is they who ask. */
import { type UsersOutcome, unwritable } from '../auth/users-outcome.ts'
import type { Identity } from '../core/contracts.ts'
import { StoreError } from '../core/errors.ts'
import type { AuditAction, AuditRequest } from './audit.ts'
import type { GatewayParts } from './parts.ts'

type Parts = Pick<GatewayParts, 'people' | 'audit' | 'sessions' | 'log'>

/**
 * What changes their password; `null` if they have none here. SECURITY: names are told apart by who vouches for them: at a
 * provider somebody else may have the name that a user of the file has.
 */
export function passwordSetter(
  { people }: Pick<GatewayParts, 'people'>,
  { authenticator }: Identity,
): GatewayParts['people']['setPassword'] {
  return authenticator === people.authenticator?.name ? people.setPassword : null
}

/**
 * Sets it, and ends every session of theirs before it resolves; `null` if they have none here. `unconfirmed`: it is set; that
 * every session has ended could not be confirmed, and is being tried on. Rejects with `StoreError` where nothing was done.
 */
export async function changeOwnPassword(
  parts: Parts,
  identity: Identity,
  password: string,
  address: string,
): Promise<UsersOutcome | 'unconfirmed' | null> {
  const setPassword = passwordSetter(parts, identity)
  if (setPassword === null) return null
  let isSet = false
  const recorded = parts.audit.record(
    ownAudit(address, identity, 'password'),
    async () => {
      const changed = await setPassword(identity.userId, password).catch(unwritable)
      isSet = changed.done
      if (!changed.done && changed.reason === 'unwritable')
        parts.log.write('warn', 'users_file_unusable', { reason: changed.message })
      // The file's change would end them too, a moment later; the answer says that it is done.
      if (changed.done) await parts.sessions.revokeUser(identity)
      return changed
    },
    ({ done }) => (done ? 'done' : 'refused'),
  )
  return recorded.catch((error: unknown) => {
    // The file has changed, and whoever follows it tries again until it is done.
    if (isSet && error instanceof StoreError) return 'unconfirmed'
    throw error
  })
}

/** What somebody does to their own account, for the audit log. */
export function ownAudit(
  address: string,
  { authenticator, userId }: Identity,
  action: AuditAction,
): AuditRequest {
  const account = { authenticator, userId }
  return { kind: 'account', action, by: account, to: account, from: address }
}
