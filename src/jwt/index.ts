/** The public surface of `holdfast/jwt`. Loads `jose`. */
export type { AccessClaims, Refusal } from './access-claims.ts'
export { jwksHandler } from './jwks-handler.ts'
export { generateJwtKey, importJwtKey, type JwtAlgorithm, type JwtKey, keyringJwtKey } from './jwt-key.ts'
export { type JwtKeySet, jwtKeySet } from './jwt-key-set.ts'
export {
  createJwtSessions,
  type JwtSessions,
  type JwtSessionsOptions,
  type TokenPair,
  type Verification,
} from './jwt-sessions.ts'
export { bearerToken, type JwtTransport, jwtTransport, type TokenHeaders } from './jwt-transport.ts'
