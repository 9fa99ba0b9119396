/** What follows when somebody who is signed in has shown anew who they are: another token, and the time of it. */
import type { Shown } from '../../core/session.ts'
import type { GatewayParts } from '../parts.ts'
import type { Visit } from '../visit.ts'

// Other tabs may replace the token meanwhile; each time the new one is followed.
const rounds = 5

/**
 * Replaces the session's token (ASVS 7.2.4) and notes what was shown. The Set-Cookie line; `null` if the session has ended.
 * Rejects with `StoreError`.
 */
export async function noteShown(
  parts: GatewayParts,
  { presented }: Pick<Visit, 'presented'>,
  shown: Shown,
): Promise<string | null> {
  let { session } = presented
  let credential = presented.replacement ?? presented.credential
  for (let round = 0; round < rounds && session !== null && credential !== null; round++) {
    const issued = await parts.sessions.rotate(session, credential, shown)
    if (issued !== null) {
      const left = Math.floor((issued.session.absoluteAt - parts.now()) / 1000)
      return parts.cookie.write(issued.credential, issued.session.remember ? left : null)
    }
    const loaded = await parts.sessions.load(credential)
    session = loaded?.session ?? null
    credential = loaded?.replacement ?? credential
  }
  return null
}
