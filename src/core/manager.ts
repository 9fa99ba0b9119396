/** The session engine: the only code that orders store calls, keys, policy and cache. Knows nothing of HTTP. */
import { anonymousSession } from './anonymous.ts'
import { beginning } from './beginning.ts'
import { capabilityMint } from './capability.ts'
import type { Identity, SessionStore } from './contracts.ts'
import { hmac, random, toBase64url } from './crypto.ts'
import { type Ending, endingOf } from './ending.ts'
import type { EventListener } from './events.ts'
import type { Keyring } from './keyring.ts'
import { type Change, type Lasting, lastingFrom } from './lasting.ts'
import { type Loaded, sessionLookup } from './lookup.ts'
import { orphans } from './orphans.ts'
import { checkPolicy, isOver, type Policy } from './policy.ts'
import { dataKeyOf, sessionRecord } from './record.ts'
import { replacedIds } from './replaced-ids.ts'
import type { Session } from './session.ts'
import { sessionCache } from './session-cache.ts'
import { limitOf, type SessionLimit } from './session-limit.ts'
import { sessionSignIn } from './session-sign-in.ts'
import { createStateEngine } from './session-state.ts'
import { sharedLookup } from './shared-lookup.ts'
import type { Issued, SignIn } from './sign-in.ts'
import type { StateEngine, StateLimits } from './state.ts'
import { sealSuccession } from './succession.ts'
import { credentialDigest, tokenMint } from './token.ts'
import { sessionTouch } from './touch.ts'

export type { Issued, SignIn } from './sign-in.ts'

/** What the engine works with. */
export interface SessionManagerOptions {
  readonly store: SessionStore
  readonly keyring: Keyring
  readonly policy: Policy
  /** Apps of other names in the same store have sessions and users of their own. @default '' */
  readonly app?: string
  readonly onEvent?: EventListener
  /** @default Date.now */
  readonly now?: () => number
  /**
   * Whether what this process keeps may be used, asked before each `peek`. A server that takes its requests in turns may ask
   * the store once a turn. @default store.isCurrent
   */
  readonly isCurrent?: () => boolean
  /** How many verified sessions this process keeps. @default 100000 */
  readonly cacheSize?: number
  /** How much state there may be. */
  readonly state?: Partial<StateLimits>
}

/** The engine. It knows credentials and sessions, and nothing of HTTP. */
export interface SessionManager {
  /**
   * The session of a credential from this process's memory: no store call, no waiting. `null` when it is not known
   * here or may be out of date; that says nothing about the session, so ask `load`.
   */
  peek(credential: string): Session | null
  /**
   * As `peek`, for who meets the same credential again and again and keeps its digest (`credentialDigest`): that is half of
   * what `peek` costs.
   */
  peekDigest(digest: string): Session | null
  /** The live session of a credential, or `null` if it names none. Rejects with `StoreError` when it cannot tell. */
  load(credential: string): Promise<Loaded | null>
  /**
   * What opens the session's state, to be handed to the app behind us: the same text for the session's whole life. `null`
   * while nothing is stored of the session, and for one whose credential was not presented to this process (`refresh`).
   */
  capability(session: Session): string | null
  /** Opens the state of sessions by their capability, and everybody's. */
  readonly state: StateEngine
  /** The same session as the store has it now, whatever its token is by now; `null` if it has ended. */
  refresh(session: Pick<Session, 'id' | 'sid'>): Promise<Session | null>
  /** A credential for a browser nobody signed in with. Nothing is stored until `start`. */
  beginAnonymous(): string
  /** As `load`, and stores the record of an anonymous credential that has none yet, of a session that lasts as asked. */
  start(credential: string, lasting?: Lasting): Promise<Loaded | null>
  /** To be asked before it is checked who somebody is: where their sign-in begins among the revocations. No clock says it. */
  begin(): Promise<number>
  /**
   * As `begin`, of what this process knows without asking: where it was not told of a revocation, that one may be taken for
   * a later one. Then `signIn` answers `null` once, and the next beginning is asked for.
   */
  begun(): number
  /**
   * A new session, never an adopted one; `null` if a revocation came between the check and now: check again. The same
   * revocation does not refuse a check that begins after the answer. `null`, too, where the policy's limit of sessions an
   * account leaves no room for one more: whoever has to say which it was asks `signInWithin`.
   */
  signIn(request: SignIn): Promise<Issued | null>
  /**
   * As `signIn`, if the user has room for one more under this limit, whatever the policy says: `full` if not. The session it
   * replaces takes no room, and where the oldest give way, those are out when this resolves.
   */
  signInWithin(request: SignIn, limit: SessionLimit | null): Promise<Issued | 'full' | null>
  /** Whether the session of a credential gave way to another of its user, as far as this process remembers. */
  gaveWay(credential: string): boolean
  /** Notes activity: moves the idle deadline when it is worth a write. Never fails; a lost touch is an event. */
  touch(session: Session): void
  /** Whether the token is old enough to be replaced at the next document. */
  isRotationDue(session: Session): boolean
  /** Replaces the token of a session, noting what else changes; `null`: it ended, or another was first (`load` tells). */
  rotate(session: Session, credential: string, change?: Change): Promise<Issued | null>
  /** Ends a session. Resolves only when no replica lets it in any more; `false`: nothing live was stored of it. */
  end(sid: string): Promise<boolean>
  /**
   * Ends a session whose credential nobody was given, because something failed after it was made: now, or as soon as the
   * store is back. Never fails.
   */
  abandon(session: Session): void
  /** Ends every session of a user, also those whose sign-in has begun. No sign-in that begins after the answer is touched. */
  revokeUser(identity: Pick<Identity, 'authenticator' | 'userId'>): Promise<void>
  /** Ends every session in the store, those of other apps in it too. */
  revokeAll(): Promise<void>
  listUser(identity: Pick<Identity, 'authenticator' | 'userId'>): Promise<readonly Session[]>
  /** Every session of this app. */
  listAll(): AsyncIterable<Session>
  /** Calls the listener whenever sessions ended, on this or another replica. Returns how to stop. */
  onEnd(listener: (ending: Ending) => void): () => void
}

/** The engine on an open store and its key ring. Throws `ConfigError` for a policy that nobody can mean. */
export function createSessionManager(options: SessionManagerOptions): SessionManager {
  const { store, keyring, policy, app = '' } = options
  checkPolicy(policy)
  const now = options.now ?? Date.now
  const emit: EventListener = options.onEvent ?? (() => {})
  const isCurrent = options.isCurrent ?? (() => store.isCurrent())
  const mint = tokenMint(keyring, app)
  const cache = sessionCache(options.cacheSize ?? 100_000)
  const shared = sharedLookup(cache, isCurrent)
  const beginnings = beginning(store)
  const listeners = new Set<(ending: Ending) => void>()

  store.watch((change) => {
    cache.apply(change)
    beginnings.apply(change)
    const ending = endingOf(change)
    if (ending !== null) for (const listener of [...listeners]) listener(ending)
  })

  // JSON keeps the three apart, and spells out lone surrogates, which would all be one byte sequence in UTF-8.
  const pseudonym = (who: Pick<Identity, 'authenticator' | 'userId'>): string =>
    toBase64url(hmac(keyring.key('user/v1'), JSON.stringify([app, who.authenticator, who.userId])))

  const state = createStateEngine({ store, keyring, app, now, limits: options.state ?? {} })
  const capabilities = capabilityMint(keyring, app)
  const granted = new WeakMap<Session, string>()
  const grant = (session: Session, dataKey: Uint8Array): void => {
    granted.set(session, capabilities.write(session, dataKey))
  }

  const lookup = sessionLookup({ store, keyring, mint, onOpened: grant, emit, now })
  const isOpen = (session: Session | null): session is Session => session !== null && !isOver(session, now())

  function peekDigest(digest: string): Session | null {
    if (!isCurrent()) return null
    const session = cache.get(digest)
    return session === undefined || isOver(session, now()) ? null : session
  }

  async function load(credential: string): Promise<Loaded | null> {
    const token = mint.read(credential)
    if (token === null) return null
    const [digest, { generation }] = [credentialDigest(credential), cache]
    const found = await shared(digest, () => lookup.find(token))
    if (found === 'over') return null
    if (found === null) {
      const limits = policy.anonymous
      const session = anonymousSession({ keyring, app, limits }, token, mint.id(token), now())
      return session === null ? null : { session, replacement: null }
    }
    if (found.replacement !== null || !store.isCurrent()) return found
    return { session: cache.put(digest, found.session, generation), replacement: null }
  }

  async function start(credential: string, lasting?: Lasting): Promise<Loaded | null> {
    const loaded = await load(credential)
    const token = mint.read(credential)
    if (loaded === null || token === null || loaded.session.version > 0) return loaded
    const lasts = lastingFrom(policy, loaded.session, lasting, now())
    const session: Session = { ...loaded.session, ...lasts, begun: await beginnings.now(), version: 1 }
    const creation = await store.create(sessionRecord(keyring, session, token.secret, random(32)))
    if (creation === 'created') emit({ event: 'session_created', sid: session.sid, userId: null })
    // Another tab was first, or the session has ended: the store knows which.
    const found = await lookup.find(token)
    return found === 'over' ? null : found
  }

  async function carryOver(from: Session, to: Session): Promise<void> {
    const [old, next] = [granted.get(from), granted.get(to)]
    if (old !== undefined && next !== undefined) await state.carryOver(old, next)
  }

  const left = orphans({ store, now })
  const signIn = sessionSignIn({
    ...{ store, keyring, mint, policy, app, beginnings, orphans: left, pseudonym, carryOver, emit, now },
    onOpened: grant,
  })

  return {
    peek: (credential) => peekDigest(credentialDigest(credential)),
    peekDigest,

    load,
    start,
    state,
    capability: (session) => granted.get(session) ?? null,
    refresh: (session) => lookup.refresh(session),
    begin: () => beginnings.now(),
    begun: () => beginnings.known(),

    beginAnonymous: () => mint.write(mint.issue('anonymous', now())),

    async signIn(request) {
      // Here and not with the callers: a limit that one way in forgot would be none.
      const issued = await signIn(request, limitOf(policy.perAccount))
      return issued === 'full' ? null : issued
    },
    signInWithin: signIn,
    gaveWay: replacedIds(store, mint),

    touch: sessionTouch({ store, lookup, emit, now }),

    isRotationDue: (session) => session.identity !== null && now() >= session.tokenAt + policy.rotateAfter,

    async rotate(session, credential, { lasting, ...shown } = {}) {
      const old = mint.read(credential)
      if (old === null || mint.id(old) !== session.id) return null
      const found = await store.read(session.id)
      if (found?.state !== 'live') return null
      // What the store has now, not what this process knew: claims may have changed since.
      const current = lookup.live(found.session, session.id, session.sid)
      const dataKey = current === null ? null : dataKeyOf(keyring, found.session, old.secret)
      if (current === null || dataKey === null) return null
      const token = mint.issue(old.kind, current.createdAt)
      const lasts = lastingFrom(policy, current, lasting, now())
      const fresh = { ...shown, ...lasts, id: mint.id(token), tokenAt: now() }
      const next: Session = { ...current, ...fresh, version: current.version + 1 }
      const record = sessionRecord(keyring, next, token.secret, dataKey)
      const sealedToken = sealSuccession(keyring, old, token, next.sid)
      if (!(await store.rotate(current.id, current.version, record, sealedToken))) return null
      grant(next, dataKey)
      emit({ event: 'session_rotated', sid: next.sid, userId: next.identity?.userId ?? null })
      return { session: next, credential: mint.write(token) }
    },

    end: (sid) => store.end(sid),
    abandon: left.made,

    async revokeUser(who) {
      await store.revoke({ user: pseudonym(who) }, now())
      emit({ event: 'session_revoked', scope: 'user', subject: who.userId })
    },

    async revokeAll() {
      await store.revoke('all', now())
      emit({ event: 'session_revoked', scope: 'all', subject: '' })
    },

    async listUser(who) {
      const rows = await store.listByUser(pseudonym(who))
      return rows.map(lookup.opened).filter(isOpen)
    },

    async *listAll() {
      for await (const row of store.scan()) {
        const session = lookup.opened(row)
        if (isOpen(session) && session.app === app) yield session
      }
    },

    onEnd(listener) {
      const entry = (ending: Ending): void => listener(ending)
      listeners.add(entry)
      return () => listeners.delete(entry)
    },
  }
}
