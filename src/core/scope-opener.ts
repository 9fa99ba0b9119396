/** Opens single scopes of an app: what the state engine, carrying over and URL sessions share. */
import type { Capability } from './capability.ts'
import type { SessionStore, StateScope } from './contracts.ts'
import { hmac, toBase64url } from './crypto.ts'
import type { Keyring } from './keyring.ts'
import { liveSids } from './live-sids.ts'
import type { StateLimits } from './state.ts'
import { stateMemory } from './state-memory.ts'
import { type OpenScope, openScope } from './state-scope.ts'
import { stateSeal } from './state-seal.ts'

export interface ScopeOpenerOptions {
  readonly store: SessionStore
  readonly keyring: Keyring
  /** Apps of other names in the same store have state of their own. @default '' */
  readonly app?: string
  readonly limits?: Partial<StateLimits>
  /** @default Date.now */
  readonly now?: () => number
}

/** The kinds of scopes that die with a session and open by its key alone. */
export type OwnKind = 'session' | 'tab' | 'page' | 'tabs' | 'url'

/** Which scope of a session, and what has to happen before it is written. */
export interface OwnScope {
  readonly kind: OwnKind
  /** Tells scopes of one kind apart. @default '' */
  readonly part?: string
  /** `false`: the session has ended. */
  beforeWrite?(): Promise<boolean>
}

export interface ScopeOpener {
  readonly now: () => number
  /** Whether the session lives, as the store knows it. */
  isLive(sid: string): Promise<boolean>
  /** A scope of a session, under the session's own key. */
  own(session: Pick<Capability, 'sid' | 'stateKey' | 'absoluteAt'>, scope: OwnScope): OpenScope
  /** The state of the user, open as long as this session of theirs lives. */
  user(session: Pick<Capability, 'sid' | 'absoluteAt'>, owner: string): OpenScope
  app(): OpenScope
}

const megabyte = 1024 * 1024
const defaultLimits: StateLimits = { value: megabyte, scope: 8 * megabyte }

export function scopeOpener(options: ScopeOpenerOptions): ScopeOpener {
  const { store, keyring, app = '', now = Date.now } = options
  const limits: StateLimits = { ...defaultLimits, ...options.limits }

  // JSON keeps the parts apart; the store sees an image, for the name of a tab or an app is nobody's business.
  const nameOf = (kind: string, part: string): string =>
    toBase64url(hmac(keyring.key('state-scope/v1'), JSON.stringify([kind, app, part])))

  const memory = stateMemory(store, now)
  const isLive = liveSids(store)
  const livesUntil = async (sid: string, absoluteAt: number): Promise<boolean> =>
    now() < absoluteAt && (await isLive(sid))

  // Servers read these, so the key is the store's own; nobody but the user's sessions is led to the user's.
  const shared = (name: string) => {
    const scope: StateScope = { sid: null, name }
    return { store, scope, seal: stateSeal(keyring.key('state-shared/v1'), scope), limits, memory: null }
  }

  return {
    now,
    isLive,

    own({ sid, stateKey, absoluteAt }, { kind, part = '', beforeWrite }) {
      const scope: StateScope = { sid, name: nameOf(kind, part) }
      return openScope({
        ...{ store, scope, seal: stateSeal(stateKey, scope), limits, sid },
        memory: memory.of(sid, scope.name),
        // That a session has ended the store knows, for the state is the session's; the deadline it leaves to us.
        async admit(what) {
          if (now() >= absoluteAt) return false
          return what === 'read' || beforeWrite === undefined || beforeWrite()
        },
        isLive: () => livesUntil(sid, absoluteAt),
      })
    },

    user({ sid, absoluteAt }, owner) {
      const lives = (): Promise<boolean> => livesUntil(sid, absoluteAt)
      return openScope({ ...shared(nameOf('user', owner)), sid, admit: lives, isLive: lives })
    },

    app() {
      const always = async (): Promise<boolean> => true
      return openScope({ ...shared(nameOf('app', '')), sid: null, admit: always, isLive: always })
    },
  }
}
