/** What a page does with a URL session: three calls, named and meant as FluxLit's. */
import { urlSessionParameter } from './protocol.ts'
import { versionsOf } from './scoped-state.ts'
import type { ItemChange, ScopedState, SessionState } from './state.ts'
import type { UrlSessions } from './url-session.ts'
import type { Value } from './value.ts'
import { encodeValue } from './value-encode.ts'

/** Names and values that a page works with, as plain properties. */
export type PageState = Record<string, unknown>

/** Where the token stands in the address, and for whom it is. */
export interface UrlSessionOptions {
  /** The session that the same request presented, if somebody is signed in. @default null */
  readonly who?: SessionState | null
  /** The query parameter. @default 'holdfast_sid' */
  readonly param?: string
  /**
   * Switches, as in `process.env`: `HOLDFAST_DISABLE_URL_SESSION` makes all three calls do nothing, and so does
   * `HOLDFAST_TESTS` unless `HOLDFAST_FORCE_URL_SESSION_IN_TESTS` is set. `1`, `true`, `yes` and `on` count as set.
   */
  readonly env?: Readonly<Record<string, string | undefined>>
}

/** How `ensureUrlSession` starts a URL session where there is none. */
export interface EnsureOptions extends UrlSessionOptions {
  /** What a new URL session starts with. */
  readonly initial?: PageState
  /** After how long without use it ends, in milliseconds. @default the policy's, an hour */
  readonly idle?: number
}

/** How `hydrateUrlSession` fills the page from what is kept. */
export interface HydrateOptions extends UrlSessionOptions {
  /** `keep`: what the page has set already wins. `overwrite`: what was kept wins. @default 'keep' */
  readonly merge?: 'keep' | 'overwrite'
}

/** The token of the page's URL session, and the address that holds it: links of the page must lead there. */
export interface EnsuredUrlSession {
  readonly token: string
  readonly url: URL
  readonly created: boolean
}

/** Finds or makes the URL session of an address. Switched off, the token is what the address holds, or empty. */
export async function ensureUrlSession(
  sessions: UrlSessions,
  address: URL,
  options: EnsureOptions = {},
): Promise<EnsuredUrlSession> {
  const { who = null, param = urlSessionParameter, initial = {}, idle } = options
  const present = address.searchParams.get(param)
  if (isOff(options.env)) return { token: present ?? '', url: address, created: false }
  const { token, created, state } = await sessions.ensure(present, who, idle)
  if (created) await state.write(Object.entries(initial).map(([key, value]) => ({ key, value })))
  const url = new URL(address)
  url.searchParams.set(param, token)
  return { token, url, created }
}

/** Puts what was kept into the page's state. The token; `null` if the address leads to no URL session. */
export async function hydrateUrlSession(
  sessions: UrlSessions,
  address: URL,
  page: PageState,
  options: HydrateOptions = {},
): Promise<string | null> {
  const found = await findState(sessions, address, options)
  if (found === null) return null
  const seen = new Map<string, string>()
  for (const [key, { value }] of await found.state.entries()) {
    seen.set(key, encodeValue(value))
    if (options.merge === 'overwrite' || !Object.hasOwn(page, key)) put(page, key, value)
  }
  sessions.seen.set(page, seen)
  return found.token
}

/**
 * Keeps what the page's state holds: only what this page changed since it was hydrated or kept last, so that a key another
 * tab wrote or deleted meanwhile stays as that tab left it. Names that begin with `__` are left out. The token; `null` if
 * the address leads to no URL session. Throws `ValueError` for what cannot be kept.
 */
export async function persistUrlSession(
  sessions: UrlSessions,
  address: URL,
  page: PageState,
  options: UrlSessionOptions = {},
): Promise<string | null> {
  const found = await findState(sessions, address, options)
  if (found === null) return null
  const before = sessions.seen.get(page) ?? new Map<string, string>()
  const kept = Object.entries(page).filter(([key]) => !key.startsWith('__'))
  const now = new Map(kept.map(([key, value]) => [key, encodeValue(value)]))
  const changes: ItemChange[] = kept
    .filter(([key]) => before.get(key) !== now.get(key))
    .map(([key, value]) => ({ key, value }))
  for (const key of before.keys()) if (!now.has(key)) changes.push({ key, delete: true })
  const outcome = await found.state.write(changes)
  if (outcome.outcome === 'gone') return null
  versionsOf(outcome)
  sessions.seen.set(page, now)
  return found.token
}

async function findState(
  sessions: UrlSessions,
  address: URL,
  { who = null, param = urlSessionParameter, env }: UrlSessionOptions,
): Promise<{ readonly token: string; readonly state: ScopedState } | null> {
  const token = address.searchParams.get(param)
  if (token === null || isOff(env)) return null
  const state = await sessions.find(token, who)
  return state === null ? null : { token, state }
}

function isOff(env: Readonly<Record<string, string | undefined>> = {}): boolean {
  const isSet = (name: string): boolean => /^\s*(1|true|yes|on)\s*$/i.test(env[name] ?? '')
  if (isSet('HOLDFAST_DISABLE_URL_SESSION')) return true
  return isSet('HOLDFAST_TESTS') && !isSet('HOLDFAST_FORCE_URL_SESSION_IN_TESTS')
}

function put(page: PageState, key: string, value: Value): void {
  // Assigned, a key __proto__ would change the prototype instead.
  Object.defineProperty(page, key, { value, writable: true, enumerable: true, configurable: true })
}
