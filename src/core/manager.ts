/** The session engine: the only code that orders store calls, keys, policy and cache. Knows nothing of HTTP. */

import { anonymousSession } from './anonymous.ts'
import type { Identity, SessionStore, StoreChange, StoredSession } from './contracts.ts'
import { digest, hmac, open, random, seal, toBase64url } from './crypto.ts'
import { StoreError } from './errors.ts'
import type { EventListener } from './events.ts'
import type { Keyring } from './keyring.ts'
import { type Loaded, sessionLookup } from './lookup.ts'
import { isOver, type Limits, type Policy, touchDue } from './policy.ts'
import { type Device, type SealedPart, type Session, sealSession } from './session.ts'
import { isCovered, sessionCache } from './session-cache.ts'
import { sealSuccession } from './succession.ts'
import { type Token, tokenMint } from './token.ts'

export interface SessionManagerOptions {
  readonly store: SessionStore
  readonly keyring: Keyring
  readonly policy: Policy
  /** Apps of other names in the same store have sessions and users of their own. @default '' */
  readonly app?: string
  readonly onEvent?: EventListener
  /** @default Date.now */
  readonly now?: () => number
  /** How many verified sessions this process keeps. @default 100000 */
  readonly cacheSize?: number
}

/** A session just made, and its credential: shown once, to be sent to the browser. */
export interface Issued {
  readonly session: Session
  readonly credential: string
}

export interface SignIn {
  readonly identity: Identity
  readonly remember: boolean
  readonly device: Device
  /** When checking began: a revocation since then wins over this sign-in. */
  readonly startedAt: number
  /** The session the browser presented. It ends; nothing of its credential is adopted. */
  readonly replaces: Session | null
}

/** What ended, for those who hold sockets open. `recheck`: changes may have been missed, ask for every session. */
export type Ending =
  | { readonly kind: 'ended'; covers(session: Session): boolean }
  | { readonly kind: 'recheck' }

export interface SessionManager {
  /**
   * The session of a credential from this process's memory: no store call, no waiting. `null` when it is not known
   * here or may be out of date; that says nothing about the session, so ask `load`.
   */
  peek(credential: string): Session | null
  /** The live session of a credential, or `null` if it names none. Rejects with `StoreError` when it cannot tell. */
  load(credential: string): Promise<Loaded | null>
  /** The same session as the store has it now, whatever its token is by now; `null` if it has ended. */
  refresh(session: Session): Promise<Session | null>
  /** A credential for a browser nobody signed in with. Nothing is stored until `start`. */
  beginAnonymous(): string
  /** As `load`, and stores the record of an anonymous credential that has none yet. */
  start(credential: string): Promise<Loaded | null>
  /** A new session, never an adopted one; `null` if a revocation came between the check and now: check again. */
  signIn(request: SignIn): Promise<Issued | null>
  /** Notes activity: moves the idle deadline when it is worth a write. Never fails; a lost touch is an event. */
  touch(session: Session): void
  /** Whether the token is old enough to be replaced at the next document. */
  isRotationDue(session: Session): boolean
  /** Replaces the token of a session; `null` if it ended or another request was first (then `load` tells). */
  rotate(session: Session, credential: string): Promise<Issued | null>
  /** Ends a session. Resolves only when no replica lets it in any more. */
  end(sid: string): Promise<boolean>
  /** Ends every session of a user, also those whose sign-in is under way. */
  revokeUser(identity: Pick<Identity, 'authenticator' | 'userId'>): Promise<void>
  /** Ends every session in the store, those of other apps in it too. */
  revokeAll(): Promise<void>
  listUser(identity: Pick<Identity, 'authenticator' | 'userId'>): Promise<readonly Session[]>
  /** Every session of this app. */
  listAll(): AsyncIterable<Session>
  /** Calls the listener whenever sessions ended, on this or another replica. Returns how to stop. */
  onEnd(listener: (ending: Ending) => void): () => void
}

export function createSessionManager(options: SessionManagerOptions): SessionManager {
  const { store, keyring, policy } = options
  const now = options.now ?? Date.now
  const emit: EventListener = options.onEvent ?? (() => {})
  const app = options.app ?? ''
  const mint = tokenMint(keyring, app)
  const cache = sessionCache(options.cacheSize ?? 100_000)
  const listeners = new Set<(ending: Ending) => void>()

  store.watch((change) => {
    cache.apply(change)
    const ending = endingOf(change)
    if (ending !== null) for (const listener of listeners) listener(ending)
  })

  const pseudonym = (who: Pick<Identity, 'authenticator' | 'userId'>): string =>
    // The lengths come first, so that no two triples give one text.
    toBase64url(
      hmac(
        keyring.key('user/v1'),
        `${app.length}:${app}${who.authenticator.length}:${who.authenticator}${who.userId}`,
      ),
    )

  const lookup = sessionLookup({ store, keyring, mint, emit, now })

  const stored = (session: Session, token: Token, dataKey: Uint8Array): StoredSession => {
    const { id, sid, user, createdAt, idleAt, absoluteAt, version } = session
    const kek = keyring.fromToken(token.secret, 'kek/v1')
    return {
      ...{ id, sid, user, createdAt, idleAt, absoluteAt, version },
      sealed: sealSession(keyring, session, sealedPart(session, app)),
      key: seal(kek, dataKey, `key/v1|${sid}`),
    }
  }

  async function load(credential: string): Promise<Loaded | null> {
    const token = mint.read(credential)
    if (token === null) return null
    const { generation } = cache
    const found = await lookup.find(token)
    if (found !== null) {
      if (found.replacement === null && store.isCurrent())
        cache.put(digest(credential), found.session, generation)
      return found
    }
    const session = anonymousSession(keyring, token, mint.id(token), policy.anonymous, now())
    return session === null ? null : { session, replacement: null }
  }

  async function start(credential: string): Promise<Loaded | null> {
    const loaded = await load(credential)
    const token = mint.read(credential)
    if (loaded === null || token === null || loaded.session.version > 0) return loaded
    const creation = await store.create(stored({ ...loaded.session, app, version: 1 }, token, random(32)))
    if (creation === 'created') emit({ event: 'session_created', sid: loaded.session.sid, userId: null })
    // Another tab was first, or the session has ended: the store knows which.
    return lookup.find(token)
  }

  return {
    peek(credential) {
      if (!store.isCurrent()) return null
      const session = cache.get(digest(credential))
      return session === undefined || isOver(session, now()) ? null : session
    },

    load,
    start,
    refresh: (session) => lookup.refresh(session),
    beginAnonymous: () => mint.write(mint.issue('anonymous', now())),

    async signIn({ identity, remember, device, startedAt, replaces }) {
      const limits: Limits = remember ? policy.remember : policy.session
      const token = mint.issue('signed-in', startedAt)
      const at = now()
      const session: Session = {
        ...{ app, sid: toBase64url(random(16)), id: mint.id(token), identity, user: pseudonym(identity) },
        ...{ device: { ...device, userAgent: device.userAgent.slice(0, 256) }, remember },
        ...{ createdAt: startedAt, authenticatedAt: at, tokenAt: at, idle: limits.idle, version: 1 },
        ...{
          idleAt: Math.min(at + limits.idle, startedAt + limits.absolute),
          absoluteAt: startedAt + limits.absolute,
        },
      }
      const creation = await store.create(stored(session, token, random(32)))
      if (creation === 'revoked') return null
      if (creation === 'ended')
        throw new StoreError('ERR_STORE_CORRUPT', 'A new random id is already in the store.')
      if (replaces !== null) await store.end(replaces.sid)
      emit({ event: 'session_created', sid: session.sid, userId: identity.userId })
      return { session, credential: mint.write(token) }
    },

    touch(session) {
      const idleAt = touchDue(session, session.idle, now(), jitterOf(session.sid))
      if (idleAt === null) return
      // At once, so that the requests of this moment do not each write.
      session.idleAt = idleAt
      store.touch(session.id, idleAt).catch((error: unknown) => {
        emit({ event: 'store_failed', code: codeOf(error), during: 'touch' })
      })
    },

    isRotationDue: (session) => session.identity !== null && now() >= session.tokenAt + policy.rotateAfter,

    async rotate(session, credential) {
      const old = mint.read(credential)
      if (old === null || mint.id(old) !== session.id) return null
      const found = await store.read(session.id)
      if (found?.state !== 'live') return null
      const dataKey = open(
        keyring.fromToken(old.secret, 'kek/v1'),
        found.session.key,
        `key/v1|${session.sid}`,
      )
      if (dataKey === null) return null
      const token = mint.issue(old.kind, session.createdAt)
      const next: Session = {
        ...session,
        id: mint.id(token),
        tokenAt: now(),
        idleAt: Math.max(session.idleAt, found.session.idleAt),
        version: found.session.version + 1,
      }
      const sealedToken = sealSuccession(keyring, old, token, session.sid)
      const done = await store.rotate(
        session.id,
        found.session.version,
        stored(next, token, dataKey),
        sealedToken,
      )
      if (!done) return null
      emit({ event: 'session_rotated', sid: session.sid, userId: session.identity?.userId ?? null })
      return { session: next, credential: mint.write(token) }
    },

    end: (sid) => store.end(sid),

    async revokeUser(who) {
      await store.revokeBefore({ user: pseudonym(who) }, now() + 1)
      emit({ event: 'session_revoked', scope: 'user', subject: who.userId })
    },

    async revokeAll() {
      await store.revokeBefore('all', now() + 1)
      emit({ event: 'session_revoked', scope: 'all', subject: '' })
    },

    async listUser(who) {
      const rows = await store.listByUser(pseudonym(who))
      return rows
        .map(lookup.opened)
        .filter((session) => session !== null && !isOver(session, now())) as Session[]
    },

    async *listAll() {
      for await (const row of store.scan()) {
        const session = lookup.opened(row)
        if (session?.app === app && !isOver(session, now())) yield session
      }
    },

    onEnd(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

function endingOf(change: StoreChange): Ending | null {
  if (change.kind === 'ended') return { kind: 'ended', covers: (session) => session.sid === change.sid }
  if (change.kind === 'revoked') return { kind: 'ended', covers: (session) => isCovered(session, change) }
  return change.kind === 'gap' ? { kind: 'recheck' } : null
}

function sealedPart(session: Session, app: string): SealedPart {
  const { identity, device, remember, authenticatedAt, tokenAt, idle } = session
  return { app, identity, device, remember, authenticatedAt, tokenAt, idle }
}

/** A fixed number from 0 to 1 for each session, so that sessions touched together drift apart. */
function jitterOf(sid: string): number {
  return ((sid.charCodeAt(0) * 31 + sid.charCodeAt(1)) % 100) / 100
}

function codeOf(error: unknown): string {
  return error instanceof StoreError ? error.code : 'ERR_STORE_UNAVAILABLE'
}
