/** Every error Holdfast throws. Expected outcomes are values; what is thrown here means "I cannot go on". */

/** Of what a person must put right. */
export type ConfigErrorCode =
  | 'ERR_CONFIG_INVALID'
  | 'ERR_SECRET_WEAK'
  | 'ERR_SECRET_UNKNOWN'
  | 'ERR_USERS_INVALID'
  | 'ERR_USERS_LOCKED'
  | 'ERR_LISTEN'
/** Of a store that cannot tell. */
export type StoreErrorCode =
  | 'ERR_STORE_UNAVAILABLE'
  | 'ERR_STORE_TIMEOUT'
  | 'ERR_STORE_CORRUPT'
  | 'ERR_STORE_FULL'
/** Of an authenticator that cannot tell. */
export type AuthErrorCode = 'ERR_AUTH_UNAVAILABLE' | 'ERR_AUTH_BUSY'
/** Of the app behind the gateway. */
export type UpstreamErrorCode = 'ERR_UPSTREAM_UNREACHABLE' | 'ERR_UPSTREAM_TIMEOUT' | 'ERR_UPSTREAM_PROTOCOL'
/** Of a value that cannot be kept, or of text that is none. */
export type ValueErrorCode =
  | 'ERR_VALUE_TYPE'
  | 'ERR_VALUE_CYCLE'
  | 'ERR_VALUE_DEPTH'
  | 'ERR_VALUE_TEXT'
  | 'ERR_VALUE_SYNTAX'
/** Of state that was not written, or is not what was asked for. */
export type StateErrorCode =
  | 'ERR_STATE_KEY'
  | 'ERR_STATE_TOO_LARGE'
  | 'ERR_STATE_CONFLICT'
  | 'ERR_STATE_INVALID'
  | 'ERR_SESSION_ENDED'
/** Of a handler that asks its session for what can no longer be. */
export type SessionErrorCode = 'ERR_RESPONSE_STARTED' | 'ERR_DATA_INVALID'
/** Every code there is. Codes stay; messages may change. */
export type ErrorCode =
  | ConfigErrorCode
  | StoreErrorCode
  | AuthErrorCode
  | UpstreamErrorCode
  | ValueErrorCode
  | StateErrorCode
  | SessionErrorCode

/** The base of all. Match on `code`, never on the message. Messages never hold a token, password or cookie. */
export class HoldfastError<Code extends ErrorCode = ErrorCode> extends Error {
  readonly code: Code

  constructor(code: Code, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = new.target.name
    this.code = code
  }
}

/** Something a person must put right before Holdfast can start: the message says what and how. */
export class ConfigError extends HoldfastError<ConfigErrorCode> {}

/** The store cannot tell or cannot confirm. Never means "not signed in". */
export class StoreError extends HoldfastError<StoreErrorCode> {}

/** An authenticator cannot tell who someone is. Never means "wrong password". */
export class AuthError extends HoldfastError<AuthErrorCode> {}

/** A value that cannot be kept as state, or text that is no value. The message says where in it. */
export class ValueError extends HoldfastError<ValueErrorCode> {}

/** State that was not written or cannot be used as it was asked for. The message names the key, never a value. */
export class StateError extends HoldfastError<StateErrorCode> {}

/** The app behind the gateway did not answer as HTTP wants it. */
export class UpstreamError extends HoldfastError<UpstreamErrorCode> {}

/** A handler asked its session for what can no longer be, or may not be. The message says what to do instead. */
export class SessionError extends HoldfastError<SessionErrorCode> {}
