/** Every error Holdfast throws. Expected outcomes are values; what is thrown here means "I cannot go on". */

export type ConfigErrorCode =
  | 'ERR_CONFIG_INVALID'
  | 'ERR_SECRET_WEAK'
  | 'ERR_SECRET_UNKNOWN'
  | 'ERR_USERS_INVALID'
  | 'ERR_USERS_LOCKED'
  | 'ERR_LISTEN'
export type StoreErrorCode =
  | 'ERR_STORE_UNAVAILABLE'
  | 'ERR_STORE_TIMEOUT'
  | 'ERR_STORE_CORRUPT'
  | 'ERR_STORE_FULL'
export type AuthErrorCode = 'ERR_AUTH_UNAVAILABLE' | 'ERR_AUTH_BUSY'
export type UpstreamErrorCode = 'ERR_UPSTREAM_UNREACHABLE' | 'ERR_UPSTREAM_TIMEOUT' | 'ERR_UPSTREAM_PROTOCOL'
export type ErrorCode = ConfigErrorCode | StoreErrorCode | AuthErrorCode | UpstreamErrorCode

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

/** The app behind the gateway did not answer as HTTP wants it. */
export class UpstreamError extends HoldfastError<UpstreamErrorCode> {}
