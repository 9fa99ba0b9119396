/** The public surface of `holdfast`. Loads no third-party module. */
// biome-ignore lint/performance/noReExportAll: what core offers is listed once, in its own index.
export * from '../core/index.ts'
export { returnPath } from '../core/return-to.ts'
export type { EndReason } from '../core/sockets.ts'
export type { SchemaResult, StandardSchema } from '../core/standard-schema.ts'
export type { Answer, Incoming, Outgoing } from './incoming.ts'
export type {
  Flash,
  KeyOf,
  Person,
  RequestSession,
  SessionData,
  SignedInDevice,
} from './request-session.ts'
export type { SessionLifetime } from './session-lifetime.ts'
export { createSessions, type Sessions } from './sessions.ts'
export type { SessionsOptions } from './sessions-options.ts'
export type { SchemasOf } from './value-schemas.ts'
export type { Visit } from './visit.ts'
