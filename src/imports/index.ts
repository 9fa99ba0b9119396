/** The public surface of `holdfast/import`. Loads `@msgpack/msgpack`. */
export { type EncryptedCookiesOptions, encryptedCookies } from './encrypted-cookies.ts'
export { type ExpressSessionOptions, expressSession } from './express-session.ts'
export { type FlaskLoginOptions, flaskLoginRemember } from './flask-login.ts'
export { type FlaskSessionOptions, flaskSession } from './flask-session.ts'
export { type FlaskSessionStoreOptions, flaskSessionStore } from './flask-session-store.ts'
export type {
  Imported,
  ImportedRecord,
  ImportedValue,
  ImportRequest,
  ImportTransport,
} from './import-transport.ts'
export { createImporter, type ImportedSession, type Importer, type ImporterOptions } from './importer.ts'
export type { OldCookieOptions } from './old-cookie.ts'
export type { OldSecret } from './old-secret.ts'
export { type PyJwtAlgorithm, type PyJwtOptions, pyJwt } from './pyjwt.ts'
export { type StarletteSessionOptions, starletteSession } from './starlette-session.ts'
export { type StreamlitAuthenticatorOptions, streamlitAuthenticator } from './streamlit-authenticator.ts'
export { type StreamlitLoginOptions, streamlitLogin } from './streamlit-login.ts'
export { type PersistSessionOptions, persistSession } from './streamlit-persist-session.ts'
