/** One of a person's sessions, as they see it in their list. */
import type { Session } from '../core/session.ts'
import type { SignedInDevice } from './request-session.ts'

/** `present` is the session that asks. */
export function signedInDevice(session: Session, present: Session | null): SignedInDevice {
  const { sid, device, authenticatedAt, createdAt, idleAt } = session
  return {
    id: sid,
    ...device,
    signedInAt: authenticatedAt ?? createdAt,
    idleAt,
    isThis: sid === present?.sid,
  }
}
