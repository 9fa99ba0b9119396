/** One good request for every transport, and the transport with the right and with a wrong secret. */
import { encryptedCookies } from '../../src/imports/encrypted-cookies.ts'
import { expressSession } from '../../src/imports/express-session.ts'
import { flaskLoginRemember } from '../../src/imports/flask-login.ts'
import { flaskSession } from '../../src/imports/flask-session.ts'
import { flaskSessionStore } from '../../src/imports/flask-session-store.ts'
import type { ImportTransport } from '../../src/imports/import-transport.ts'
import { pyJwt } from '../../src/imports/pyjwt.ts'
import { starletteSession } from '../../src/imports/starlette-session.ts'
import { streamlitAuthenticator } from '../../src/imports/streamlit-authenticator.ts'
import { streamlitLogin } from '../../src/imports/streamlit-login.ts'
import { persistSession } from '../../src/imports/streamlit-persist-session.ts'
import { bytesOf, golden, goldenExpress, named } from './golden.ts'

export interface Sample {
  readonly name: string
  /** The transport, with this secret in place of the right one. */
  open(secret?: string): ImportTransport
  readonly cookie: string
  readonly value: string
  /** What else the request brings. */
  readonly beside?: string
  readonly user: string
  /** When the old system would stop accepting it; `null` if it never would. */
  readonly expiresAt: number | null
}

const { flask, flaskStore, persist, pyjwt, fernet, starlette, streamlit, now } = golden
const day = 86_400
const { login } = goldenExpress.sessions
const record = { [`session:${flask.sid}`]: bytesOf(flaskStore.msgpack.login) }
const key = Buffer.from(persist.keyHex, 'hex')

/** A store of the old system that holds these records. */
export function holding<Value>(
  records: Readonly<Record<string, Value>>,
): (key: string) => Promise<Value | null> {
  return async (key) => (Object.hasOwn(records, key) ? (records[key] ?? null) : null)
}

export const samples: readonly Sample[] = [
  {
    name: 'flaskSession',
    open: (secret = flask.secret) => flaskSession({ secret, lifetime: day }),
    ...{ cookie: 'session', value: named(flask.cookies, 'login'), user: 'test_user' },
    expiresAt: (now + day + 1) * 1000,
  },
  {
    name: 'flaskSessionStore, signed',
    open: (secret = flask.secret) => flaskSessionStore({ secret, read: holding(record) }),
    ...{ cookie: 'session', value: flask.signedSid, user: 'test_user', expiresAt: null },
  },
  {
    name: 'flaskLoginRemember',
    open: (secret = flask.secret) => flaskLoginRemember({ secret }),
    ...{ cookie: 'remember_token', value: named(flask.remember, '42'), user: '42', expiresAt: null },
  },
  {
    name: 'pyJwt',
    open: (secret = pyjwt.secret) => pyJwt({ secret }),
    ...{ cookie: 'auth_token', value: named(pyjwt.tokens, 'seed'), user: 'test_user' },
    expiresAt: (now + day) * 1000,
  },
  {
    name: 'streamlitAuthenticator',
    open: (secret = pyjwt.authenticatorKey) => streamlitAuthenticator({ secret, cookie: 'some_cookie_name' }),
    ...{ cookie: 'some_cookie_name', value: named(pyjwt.authenticator, 'login'), user: 'jsmith' },
    expiresAt: (now + 30 * day) * 1000,
  },
  {
    name: 'starletteSession',
    open: (secret = starlette.secret) => starletteSession({ secret }),
    ...{ cookie: 'session', value: named(starlette.cookies, 'login'), user: 'anna' },
    expiresAt: (now + 14 * day + 1) * 1000,
  },
  {
    name: 'streamlitLogin, by Starlette',
    open: (secret = streamlit.secret) => streamlitLogin({ secret }),
    ...{ cookie: '_streamlit_user', value: named(streamlit.starlette, 'login'), user: 'a@b.c' },
    expiresAt: (now + 31 * day + 1) * 1000,
  },
  {
    name: 'streamlitLogin, by Tornado',
    open: (secret = streamlit.secret) => streamlitLogin({ secret }),
    ...{ cookie: '_streamlit_user', value: named(streamlit.tornado, 'login'), user: 'a@b.c' },
    expiresAt: (now + 31 * day + 1) * 1000,
  },
  {
    name: 'expressSession',
    open: (secret = goldenExpress.secret) =>
      expressSession({ secret, read: holding({ [`sess:${login.sid}`]: login.record }) }),
    ...{
      cookie: 'connect.sid',
      value: (/=([^;]+)/.exec(login.setCookie) ?? ['', ''])[1] ?? '',
      user: 'anna',
    },
    expiresAt: (now + day) * 1000,
  },
  {
    name: 'persistSession',
    open: (secret) =>
      persistSession({
        secret: secret === undefined ? key : Buffer.from(secret.padEnd(32, '.')),
        cookie: 'app-state',
        read: holding({ [persist.uuid]: bytesOf(persist.files['4']) }),
      }),
    ...{ cookie: 'app-state', value: persist.cookie, user: 'anna', expiresAt: null },
  },
]

/** Apart, since each reading of it costs a tenth of a second. */
export const encrypted: Sample = {
  name: 'encryptedCookies',
  open: (password = fernet.password) =>
    encryptedCookies({ password, prefix: 'app/', names: ['user', 'note'], userKey: 'user' }),
  cookie: 'app%2Fuser',
  value: encodeURIComponent(named(fernet.tokens, 'user')),
  beside: `; app%2Fnote=${encodeURIComponent(named(fernet.tokens, 'hello'))}; app%2FEncryptedCookieManager.key_params=${encodeURIComponent(fernet.keyParams)}`,
  user: 'anna',
  expiresAt: (now + 365 * day) * 1000,
}

/** The Cookie header of a sample, with this value in place of the right one. */
export function headerOf({ cookie, value, beside = '' }: Sample, changed: string = value): string {
  return `theme=dark; ${cookie}=${changed}${beside}`
}
