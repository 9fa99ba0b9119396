/** The browsers somebody is signed in with, as our pages show them. */
import { digest } from '../../core/crypto.ts'
import type { Session } from '../../core/session.ts'
import type { AccountDevice } from '../../pages/device-line.ts'

/** This one first, then the one last seen. */
export function devicesOf(sessions: readonly Session[], mine: string | null): readonly AccountDevice[] {
  return sessions
    .map(({ sid, device, createdAt, idleAt, idle }) => ({
      ...{ mark: markOf(sid), ...device, since: createdAt },
      lastSeen: idleAt - idle,
      isThis: sid === mine,
    }))
    .sort((a, b) => Number(b.isThis) - Number(a.isThis) || b.lastSeen - a.lastSeen)
}

/** What names a session in a form: no credential, and nothing that a store could be asked by. */
export function markOf(sid: string): string {
  return digest(`device|${sid}`).slice(0, 16)
}
