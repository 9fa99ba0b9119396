/** The public surface of `holdfast`. Loads no third-party module. */
export type {
  Creation,
  CredentialsAuthenticator,
  Epoch,
  Found,
  Identity,
  Json,
  JsonObject,
  Mark,
  SessionStore,
  StateChange,
  StateEntry,
  StateScope,
  StateWrite,
  StoreChange,
  StoredSession,
  Succession,
} from './contracts.ts'
export { type CookieFacts, type CookieOptions, type CookieTransport, cookieTransport } from './cookie.ts'
export type { Ending } from './ending.ts'
export {
  AuthError,
  type AuthErrorCode,
  ConfigError,
  type ConfigErrorCode,
  type ErrorCode,
  HoldfastError,
  SessionError,
  type SessionErrorCode,
  StateError,
  type StateErrorCode,
  StoreError,
  type StoreErrorCode,
  UpstreamError,
  type UpstreamErrorCode,
  ValueError,
  type ValueErrorCode,
} from './errors.ts'
export type { EventListener, SessionEvent } from './events.ts'
export { type Keyring, openKeyring, rotateSecrets } from './keyring.ts'
export type { Change, Lasting } from './lasting.ts'
export type { Loaded } from './lookup.ts'
export {
  createSessionManager,
  type Issued,
  type SessionManager,
  type SessionManagerOptions,
  type SignIn,
} from './manager.ts'
export { type Maker, type Persistence, persist, persisted, persistence } from './persist.ts'
export type { Persisted, PersistOptions, SaveOutcome } from './persisted.ts'
export type { PersistScope } from './persisted-fields.ts'
export { defaultPolicy, type Limits, type Policy, type Profile, underProfile } from './policy.ts'
export { type Device, rolesOf, type Session, type Shown } from './session.ts'
export { type AccountLimit, limitOf, type SessionLimit, type WhenMore } from './session-limit.ts'
export type { StandardSchema } from './standard-schema.ts'
export type {
  EncodedState,
  ItemChange,
  ScopedState,
  SessionState,
  StateEngine,
  StateEvent,
  StateItem,
  StateLimits,
  StateOutcome,
  StateText,
  StateTextEvent,
  TextChange,
} from './state.ts'
export {
  type EnsuredUrlSession,
  type EnsureOptions,
  ensureUrlSession,
  type HydrateOptions,
  hydrateUrlSession,
  type PageState,
  persistUrlSession,
  type UrlSessionOptions,
} from './url-continuity.ts'
export {
  createUrlSessions,
  type UrlSession,
  type UrlSessions,
  type UrlSessionsOptions,
} from './url-session.ts'
export { Foreign, type Value } from './value.ts'
export { decodeValue } from './value-decode.ts'
export { encodeValue } from './value-encode.ts'
