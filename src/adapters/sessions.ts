/** The library's front door: sessions for the requests of any server. */
import { type CookieFacts, cookieTransport } from '../core/cookie.ts'
import { AuthError, StoreError } from '../core/errors.ts'
import { formTokens } from '../core/form-token.ts'
import { openKeyring } from '../core/keyring.ts'
import { guardKeyring } from '../core/keyring-guard.ts'
import { createSessionManager, type SessionManager } from '../core/manager.ts'
import type { Policy } from '../core/policy.ts'
import type { Session } from '../core/session.ts'
import { limitOf } from '../core/session-limit.ts'
import { type SocketRegistry, socketRegistry } from '../core/sockets.ts'
import type { SessionState } from '../core/state.ts'
import { sweeping } from '../core/sweeping.ts'
import { oncePerTurn } from '../core/turn.ts'
import { createUrlSessions, type UrlSessions } from '../core/url-session.ts'
import { problemAnswer } from './answer.ts'
import { cookieReader } from './cookie-reading.ts'
import type { Answer, Incoming } from './incoming.ts'
import { OpenVisit } from './open-visit.ts'
import { originGuard } from './origin-guard.ts'
import type { SessionData } from './request-session.ts'
import type { Presented, SessionParts } from './session-parts.ts'
import { policyOf, type SessionsOptions, secretsOf, siteOf } from './sessions-options.ts'
import { valueSchemas } from './value-schemas.ts'
import type { Visit } from './visit.ts'

/** Everything that the requests of one app share. */
export interface Sessions<Data extends SessionData = Record<string, unknown>> {
  /**
   * The session of a request: at once where this process knows it, else from the store. Rejects with `StoreError` when
   * the store cannot tell. For adapters; a handler is given `visit.session`.
   */
  open(incoming: Incoming): Visit<Data> | Promise<Visit<Data>>
  /**
   * What to answer when `open`, `settle` or a handler failed because the store, or an authenticator, cannot tell; `null` for
   * any other error.
   */
  answerTo(error: unknown): Answer | null
  /** The engine itself. */
  readonly manager: SessionManager
  /** How long sessions live, after what the profile cuts off. */
  readonly policy: Policy
  /** The cookie that carries the session. */
  readonly cookie: CookieFacts
  /** For `ensureUrlSession` and its like: work that a token in the address finds, kept in the same store. */
  readonly urlSessions: UrlSessions
  /** Ends every session of a person, those whose sign-in is under way included. For administrators. */
  revokeUser(userId: string, authenticator?: string): Promise<void>
  /** Ends every session in the store. */
  revokeAll(): Promise<void>
  /** Finishes what is under way and closes the store. */
  close(): Promise<void>
}

/**
 * Opens the store, its keys and its sessions. Rejects with `ConfigError` for options nobody can mean, and with
 * `StoreError` if the store cannot be read.
 */
export async function createSessions<Data extends SessionData = Record<string, unknown>>(
  options: SessionsOptions<Data>,
): Promise<Sessions<Data>> {
  const site = siteOf(options)
  const now = options.now ?? Date.now
  const onEvent = options.onEvent ?? (() => {})
  const named = { secure: site.secure, name: options.name ?? '', port: site.port }
  const { embedded = false, sameSite = 'lax' } = options
  const cookie = cookieTransport({ ...named, embedded, sameSite })
  const policy = policyOf(options)
  const store = await options.store
  const secrets = secretsOf(options.secret, store.kind)
  const keyring = await openKeyring(store, secrets)
  guardKeyring({ store, keyring, secrets, onEvent })
  const manager = createSessionManager({
    ...{ store, keyring, policy, now, onEvent, app: options.name ?? '' },
    isCurrent: oncePerTurn(() => store.isCurrent()),
    ...(options.state === undefined ? {} : { state: options.state }),
  })
  const urlSessions = createUrlSessions({
    ...{ store, keyring, now, app: options.name ?? '' },
    ...(options.state === undefined ? {} : { limits: options.state }),
  })
  // What requests know of revocations without asking begins here.
  await manager.begin()
  let sockets: SocketRegistry | null = null
  const stopSweeping = sweeping(store)

  const parts: SessionParts = {
    ...{ manager, cookie, stateOf, onEvent, now, secure: site.secure, origin: site.origin },
    formCookieName: cookieTransport(named, 'form').name,
    formTokens: formTokens(keyring.key(`form/app/v1|${options.name ?? ''}`), now),
    signInPage: options.signInPage ?? null,
    accountLimit: limitOf(policy.perAccount),
    schemas: valueSchemas((options.schemas ?? {}) as Parameters<typeof valueSchemas>[0]),
    sockets() {
      sockets ??= socketRegistry({ sessions: manager, now })
      return sockets
    },
  }
  // Keys are derived once for a session that this process knows, not for each of its requests.
  const states = new WeakMap<Session, SessionState>()
  function stateOf(session: Session): SessionState | null {
    const known = states.get(session)
    if (known !== undefined) return known
    const capability = manager.capability(session)
    const state = capability === null ? null : manager.state.of(capability)
    if (state !== null) states.set(session, state)
    return state
  }
  const readCookies = cookieReader(cookie)
  const guard = originGuard({ origin: site.origin, isGuarded: options.isGuarded ?? (() => true), onEvent })

  const visit = (incoming: Incoming, presented: Presented, refusal: Answer | null): Visit<Data> =>
    // One class for all: what a session holds is known to the compiler alone.
    new OpenVisit(parts, incoming, presented, refusal) as unknown as Visit<Data>

  async function ask(incoming: Incoming, credential: string): Promise<Visit<Data>> {
    const loaded = await manager.load(credential)
    const { session, replacement } = loaded ?? { session: null, replacement: null }
    return visit(
      incoming,
      { session, credential: replacement ?? credential, isReplaced: replacement !== null },
      null,
    )
  }

  return {
    ...{ manager, policy, cookie, urlSessions },

    open(incoming) {
      const { credential, digest } = readCookies(incoming)
      const refusal = guard(incoming, credential)
      if (credential === null || refusal !== null) return visit(incoming, nobody, refusal)
      const session = manager.peekDigest(digest)
      if (session === null) return ask(incoming, credential)
      return visit(incoming, { session, credential, isReplaced: false }, null)
    },

    answerTo: (error) =>
      error instanceof StoreError || error instanceof AuthError ? problemAnswer('unavailable') : null,

    revokeUser: (userId, authenticator = 'app') => manager.revokeUser({ userId, authenticator }),
    revokeAll: () => manager.revokeAll(),

    async close() {
      stopSweeping()
      sockets?.close()
      await store.close()
    },
  }
}

const nobody: Presented = { session: null, credential: null, isReplaced: false }
