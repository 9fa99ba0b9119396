import type { Identity, SessionStore } from '../../src/core/contracts.ts'
import type { SessionEvent } from '../../src/core/events.ts'
import { type Keyring, openKeyring } from '../../src/core/keyring.ts'
import {
  createSessionManager,
  type Issued,
  type SessionManager,
  type SignIn,
} from '../../src/core/manager.ts'
import { defaultPolicy, type Policy } from '../../src/core/policy.ts'
import type { Session } from '../../src/core/session.ts'
import { memoryStore } from '../../src/stores/memory.ts'

export const secret = 'Kelp-forests-sway-2026-under-the-tide'
/** 2026-01-02T03:04:05Z. */
export const startAt = 1_767_323_045_000
export const minute = 60_000
export const hour = 3_600_000
export const day = 86_400_000

export const anna: Identity = {
  userId: 'anna',
  authenticator: 'users-file',
  claims: { name: 'Anna', email: 'anna@example.org', roles: ['diver'] },
}
export const ben: Identity = { userId: 'ben', authenticator: 'users-file', claims: {} }
export const device = { userAgent: 'Mozilla/5.0 (test)', address: '192.0.2.7' }

/** A clock that moves only when it is told to. */
export class Clock {
  at: number = startAt
  readonly now = (): number => this.at

  advance(ms: number): void {
    this.at += ms
  }
}

/** One process: an engine on a store, and what it told. */
export interface Process {
  readonly clock: Clock
  readonly store: SessionStore
  readonly keyring: Keyring
  readonly sessions: SessionManager
  readonly events: SessionEvent[]
  /** How often an event of this name was told. */
  told(name: SessionEvent['event']): number
  signIn(request?: Partial<SignIn>): Promise<Issued>
}

export interface ProcessOptions {
  readonly clock?: Clock
  readonly store?: SessionStore
  readonly keyring?: Keyring
  readonly policy?: Policy
  readonly cacheSize?: number
  readonly app?: string
}

/** The engine on a memory store, with a clock of its own unless one is given. */
export async function startProcess(options: ProcessOptions = {}): Promise<Process> {
  const { clock = new Clock(), policy = defaultPolicy, ...rest } = options
  const store = options.store ?? memoryStore({ now: clock.now })
  const keyring = options.keyring ?? (await openKeyring(store, [secret]))
  const events: SessionEvent[] = []
  const sessions = createSessionManager({
    ...rest,
    ...{ store, keyring, policy, now: clock.now, onEvent: (event) => events.push(event) },
  })
  return {
    ...{ clock, store, keyring, sessions, events },
    told: (name) => events.filter(({ event }) => event === name).length,
    async signIn(request = {}) {
      const issued = await sessions.signIn({
        ...{ identity: anna, remember: false, device, begun: await sessions.begin(), replaces: null },
        ...request,
      })
      if (issued === null) throw new Error('A revocation refused the sign-in.')
      return issued
    },
  }
}

/** The store, with some of its methods replaced. */
export function withMethods(store: SessionStore, methods: Partial<SessionStore>): SessionStore {
  return { ...store, ...methods }
}

/** Lets everything that is ready run. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** A gate that holds calls until it is opened. */
export function gate(): { readonly passed: Promise<void>; open(): void } {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { passed: promise, open: resolve }
}

/** The user id behind a credential; `null` for anybody's or nobody's. */
export async function whoIs(
  sessions: { load(credential: string): Promise<{ session: Session } | null> },
  credential: string,
): Promise<string | null> {
  return (await sessions.load(credential))?.session.identity?.userId ?? null
}
