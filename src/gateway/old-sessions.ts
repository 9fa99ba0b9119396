/** Lets those in who are signed in with an earlier system, once, and as the users file knows them now. */
import type { SessionStore } from '../core/contracts.ts'
import type { EventListener } from '../core/events.ts'
import type { SessionManager } from '../core/manager.ts'
import {
  createImporter,
  flaskLoginRemember,
  flaskSession,
  type Importer,
  type ImportTransport,
  pyJwt,
  starletteSession,
  streamlitAuthenticator,
  streamlitLogin,
} from '../imports/index.ts'
import type { ImportConfig, ImportSource } from './config-import.ts'
import type { GatewayParts } from './parts.ts'
import type { People } from './people.ts'
import { isDisabledNow } from './routes/session-start.ts'
import type { Standings } from './standing.ts'
import { sendOn, type Visit } from './visit.ts'

export interface OldSessionsOptions {
  readonly config: ImportConfig | null
  readonly store: SessionStore
  readonly sessions: SessionManager
  readonly people: Pick<People, 'known'>
  readonly standings: Standings
  readonly onEvent: EventListener
  readonly now: () => number
}

/** Opens what reads the old credentials, if there are any. Throws `ConfigError` for names that no cookie can have. */
export function openOldSessions({
  config,
  store,
  sessions,
  people,
  standings,
  onEvent,
  now,
}: OldSessionsOptions): Importer | null {
  if (config === null) return null
  const { switchedAt, acceptUntil, from } = config
  return createImporter({
    ...{ manager: sessions, store, switchedAt, acceptUntil, onEvent, now },
    transports: from.map((source) => open[source.kind](source)),
    async identify({ user }) {
      const identity = user === null ? null : people.known(user)
      if (identity === null || (await standings.of(identity)).disabled) return null
      return standings.applied(identity)
    },
  })
}

const open: Readonly<Record<ImportSource['kind'], (source: ImportSource) => ImportTransport>> = {
  flask: flaskSession,
  'flask-login': flaskLoginRemember,
  pyjwt: pyJwt,
  starlette: starletteSession,
  'streamlit-authenticator': ({ cookie = 'some_cookie_name', ...source }) =>
    streamlitAuthenticator({ ...source, cookie }),
  'streamlit-login': streamlitLogin,
}

/**
 * Sends a navigation to where it was going with a session in the old one's place. `false`: it brings nothing that counts.
 * Rejects when the store cannot tell.
 */
export async function switchOver(parts: GatewayParts, visit: Visit): Promise<boolean> {
  const { request, response, target, address } = visit
  const { cookie, 'user-agent': userAgent = '' } = request.headers
  const switched = (await parts.oldSessions?.importOnce({ cookie, device: { userAgent, address } })) ?? null
  if (switched === null || (await isDisabledNow(parts, switched.session))) return false
  const { identity, sid } = switched.session
  try {
    // An old cookie shows no second factor: who has one signs in (CVE-2026-34727).
    if (identity !== null && (await parts.factors.asks(identity)) !== null) {
      await parts.sessions.end(sid)
      return false
    }
  } catch (error) {
    parts.sessions.abandon(switched.session)
    throw error
  }
  const maxAge = Math.floor((switched.session.absoluteAt - parts.now()) / 1000)
  const cookies = [parts.cookie.write(switched.credential, maxAge), ...switched.setCookies]
  sendOn(response, target.path + target.query, { 'set-cookie': cookies })
  return true
}
