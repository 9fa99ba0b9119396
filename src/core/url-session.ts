/**
 * Continuity where a cookie cannot go: a token in the address finds state, and nothing else. It signs nobody in, for a
 * token in a URL is soon in a log, a referrer or a chat (ASVS 14.2.1). `u1.<kid>.<token>.<mac>` names a record that is
 * found only together with whom it belongs to.
 */
import { stateKeyOf } from './capability.ts'
import type { SessionStore } from './contracts.ts'
import { equal, fromBase64url, hmac, random, toBase64url } from './crypto.ts'
import { StateError, StoreError } from './errors.ts'
import type { Keyring } from './keyring.ts'
import { isOver, type Limits, touchDue } from './policy.ts'
import { dataKeyOf, sessionRecord } from './record.ts'
import { scopeOpener } from './scope-opener.ts'
import { scopedState } from './scoped-state.ts'
import { openSession, type Session } from './session.ts'
import type { ScopedState, SessionState, StateLimits } from './state.ts'

/** A URL session, and the token to keep in the address. */
export interface UrlSession {
  readonly token: string
  /** Whether it was made just now: the token in the address, if there was one, leads nowhere for whoever came with it. */
  readonly created: boolean
  readonly state: ScopedState
}

/**
 * URL sessions of one app. `who` is the session that the same request presented, `null` for none or an anonymous one: what
 * was made while signed in is found by that user alone; everybody else who comes with the link starts afresh. So does who
 * is signed in and comes with a token that was made by nobody: else an attacker's link would collect what its victim does.
 *
 * Rejects with `StoreError` when the store cannot tell, and with `StateError` `ERR_SESSION_ENDED` if `who` has ended.
 */
export interface UrlSessions {
  /** The URL session of the token, or a new one: for a token that is unknown, over, another's or invented, and for none. */
  ensure(token: string | null, who: SessionState | null, idle?: number): Promise<UrlSession>
  /** The state of the token's URL session; `null` where `ensure` would make a new one. */
  find(token: string, who: SessionState | null): Promise<ScopedState | null>
  /** Ends a URL session and removes its state; `false`: there was none. */
  end(token: string, who: SessionState | null): Promise<boolean>
  /** What pages held, as text, when they were hydrated or kept last: so that only what they changed is written. */
  readonly seen: WeakMap<object, ReadonlyMap<string, string>>
}

/** What URL sessions work with. */
export interface UrlSessionsOptions {
  readonly store: SessionStore
  readonly keyring: Keyring
  /** @default '' */
  readonly app?: string
  /** Without use, and in all. @default an hour, a day */
  readonly policy?: Limits
  readonly limits?: Partial<StateLimits>
  /** @default Date.now */
  readonly now?: () => number
}

const minute = 60_000
const day = 24 * 60 * minute
const defaultPolicy: Limits = { idle: 60 * minute, absolute: day }
const longestIdle = 30 * day
const tokenBytes = 32
const macBytes = 16
const longestToken = 128

/** URL sessions over the engine's state. They find work, and sign nobody in. */
export function createUrlSessions(options: UrlSessionsOptions): UrlSessions {
  const { store, keyring, policy = defaultPolicy, now = Date.now } = options
  const app = `url:${options.app ?? ''}`
  const opener = scopeOpener(options)
  const macKey = keyring.key(`mac/u1|${options.app ?? ''}`)

  const mac = (text: string): Uint8Array => hmac(macKey, text).subarray(0, macBytes)

  function written(secret: Uint8Array): string {
    const text = `u1.${keyring.kid}.${toBase64url(secret)}`
    return `${text}.${toBase64url(mac(text))}`
  }

  function read(token: string): Uint8Array | null {
    if (token.length > longestToken) return null
    const parts = token.split('.')
    if (parts.length !== 4 || parts[0] !== 'u1' || parts[1] !== keyring.kid) return null
    const tag = fromBase64url(parts[3] ?? '')
    if (tag === null || !equal(tag, mac(token.slice(0, token.lastIndexOf('.'))))) return null
    const secret = fromBase64url(parts[2] ?? '')
    return secret?.length === tokenBytes ? secret : null
  }

  // The owner is part of what the record is found by: for anybody else it is not there, whatever a check forgets.
  const idOf = (secret: Uint8Array, owner: string | null): string =>
    toBase64url(keyring.fromToken(secret, `id/url/v1|${owner ?? ''}`))

  function stateOf(sid: string, absoluteAt: number, dataKey: Uint8Array): ScopedState {
    return scopedState(opener.own({ sid, stateKey: stateKeyOf(dataKey, sid), absoluteAt }, { kind: 'url' }))
  }

  async function ownerOf(who: SessionState | null): Promise<string | null> {
    if (who === null || who.owner === null) return null
    if (await opener.isLive(who.sid)) return who.owner
    throw new StateError(
      'ERR_SESSION_ENDED',
      'The session has ended, and with it what its user may open by URL.',
    )
  }

  interface FoundSession {
    readonly session: Session
    readonly dataKey: Uint8Array
  }

  async function lookUp(token: string, owner: string | null): Promise<FoundSession | null> {
    const secret = read(token)
    if (secret === null) return null
    const id = idOf(secret, owner)
    const found = await store.read(id)
    if (found?.state !== 'live') return null
    const session = openSession(keyring, found.session)
    const dataKey = dataKeyOf(keyring, found.session, secret)
    if (session === null || dataKey === null || session.id !== id || session.app !== app) return null
    return isOver(session, now()) ? null : { session, dataKey }
  }

  async function used({ session, dataKey }: FoundSession): Promise<ScopedState> {
    const idleAt = touchDue(session, session.idle, now(), 0)
    if (idleAt !== null) await store.touch(session.id, idleAt)
    return stateOf(session.sid, session.absoluteAt, dataKey)
  }

  async function make(owner: string | null, idle: number, attempt: number = 0): Promise<UrlSession> {
    const [secret, dataKey, sid, at] = [random(tokenBytes), random(32), toBase64url(random(16)), now()]
    const absoluteAt = at + Math.floor(Math.max(policy.absolute, idle))
    const { number: begun } = await store.mark(null)
    const session: Session = {
      ...{
        app,
        sid,
        id: idOf(secret, owner),
        identity: null,
        user: null,
        begun,
        remember: false,
        version: 1,
      },
      ...{
        device: { userAgent: '', address: '' },
        createdAt: at,
        authenticatedAt: null,
        factorAt: null,
        tokenAt: at,
      },
      ...{ idle, idleAt: at + idle, absoluteAt },
    }
    const creation = await store.create(sessionRecord(keyring, session, secret, dataKey))
    if (creation !== 'created') {
      // Everybody was signed out since: what begins now is none of it.
      if (attempt === 3)
        throw new StoreError('ERR_STORE_UNAVAILABLE', 'A URL session could not be made now. Try again.')
      return make(owner, idle, attempt + 1)
    }
    return { token: written(secret), created: true, state: stateOf(sid, absoluteAt, dataKey) }
  }

  return {
    seen: new WeakMap(),

    async ensure(token, who, idle = policy.idle) {
      const owner = await ownerOf(who)
      const found = token === null ? null : await lookUp(token, owner)
      if (token !== null && found !== null) return { token, created: false, state: await used(found) }
      return make(owner, Math.floor(Math.min(Math.max(idle, minute), longestIdle)))
    },

    async find(token, who) {
      const found = await lookUp(token, await ownerOf(who))
      return found === null ? null : used(found)
    },

    async end(token, who) {
      const found = await lookUp(token, await ownerOf(who))
      return found !== null && store.end(found.session.sid)
    },
  }
}
