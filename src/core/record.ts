/** From a session to the row a store keeps of it. */
import type { StoredSession } from './contracts.ts'
import { open, seal } from './crypto.ts'
import type { Keyring } from './keyring.ts'
import { type Session, sealSession } from './session.ts'

/** The row of a session whose present token has this secret. */
export function sessionRecord(
  keyring: Keyring,
  session: Session,
  secret: Uint8Array,
  dataKey: Uint8Array,
): StoredSession {
  const { id, sid, user, begun, createdAt, idleAt, absoluteAt, version } = session
  const { app, identity, device, remember, authenticatedAt, factorAt, tokenAt, idle } = session
  return {
    ...{ id, sid, user, begun, createdAt, idleAt, absoluteAt, version },
    sealed: sealSession(keyring, session, {
      app,
      identity,
      device,
      remember,
      authenticatedAt,
      factorAt,
      tokenAt,
      idle,
    }),
    key: seal(keyring.fromToken(secret, 'kek/v1'), dataKey, `key/v1|${sid}`),
  }
}

/** The data key in a row; `null` if the row is not of a token with this secret. */
export function dataKeyOf(keyring: Keyring, stored: StoredSession, secret: Uint8Array): Uint8Array | null {
  return open(keyring.fromToken(secret, 'kek/v1'), stored.key, `key/v1|${stored.sid}`)
}
