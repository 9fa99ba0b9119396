/** From a request's cookie to its session. */
import type { CookieReading } from './cookie-memory.ts'
import type { GatewayParts } from './parts.ts'
import type { Presented } from './visit.ts'

const nobody: Presented = { session: null, credential: null, replacement: null }

/**
 * What the request presents: at once where this process knows the session, else from the store. Rejects with
 * `StoreError` when the store cannot tell: that is not "nobody".
 */
export function presented(
  parts: GatewayParts,
  cookies: Pick<CookieReading, 'credential' | 'digest'> | null,
): Presented | Promise<Presented> {
  const credential = cookies?.credential ?? null
  if (cookies === null || credential === null) return nobody
  const session = parts.sessions.peekDigest(cookies.digest)
  if (session === null) return ask(parts, credential)
  parts.people.vouching.used(session)
  return { session, credential, replacement: null }
}

async function ask(parts: GatewayParts, credential: string): Promise<Presented> {
  const loaded = await parts.sessions.load(credential)
  if (loaded !== null && !(await parts.people.vouching.restored(loaded.session)))
    return { session: null, credential, replacement: null }
  return { credential, session: loaded?.session ?? null, replacement: loaded?.replacement ?? null }
}

/** Whether this process knows, without asking, that the session of a credential still lives: for what is held for it. */
export function isKnownLive(
  { sessions }: Pick<GatewayParts, 'sessions'>,
  credential: string | null,
): boolean {
  return credential !== null && sessions.peek(credential) !== null
}
