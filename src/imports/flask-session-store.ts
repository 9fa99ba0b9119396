/** Flask-Session: an id in the cookie, the session in Redis as msgpack or JSON (or, long ago, pickle). */
import { decode } from '@msgpack/msgpack'
import { fromUtf8 } from '../core/crypto.ts'
import type { ImportedRecord, ImportedValue, ImportTransport } from './import-transport.ts'
import { unsign } from './itsdangerous.ts'
import { isWholeMsgpack } from './msgpack-shape.ts'
import { type OldCookieOptions, oldCookie } from './old-cookie.ts'
import { type OldSecret, proofOf, secretsOf } from './old-secret.ts'
import { readPickle } from './pickle.ts'
import { isRecord, readPlainJson } from './plain-json.ts'
import { userIn } from './user-key.ts'

/** Flask-Session as it was configured, and its store. */
export interface FlaskSessionStoreOptions extends OldCookieOptions {
  /** The record under a key of the old store as it is there, `null` if there is none. Rejects when it cannot tell. */
  readonly read: (key: string) => Promise<Uint8Array | null>
  /** `SESSION_KEY_PREFIX`. @default 'session:' */
  readonly prefix?: string
  /** `SECRET_KEY`, only if `SESSION_USE_SIGNER` was on: then an unsigned id is refused. */
  readonly secret?: OldSecret
  /** @default 'username' */
  readonly userKey?: string
}

// Flask-Session's own limit is its store's; no session of a person comes near this.
const largest = 1024 * 1024
const deepest = 64

/** Reads the cookie `session` and the record it names. A record that would build or call anything is refused unread. */
export function flaskSessionStore(options: FlaskSessionStoreOptions): ImportTransport {
  const name = 'flask-session'
  const secrets = options.secret === undefined ? null : secretsOf(options.secret, name)
  const cookie = oldCookie(options, 'session')
  const { prefix = 'session:', userKey = 'username' } = options
  const signing = { salt: 'flask-session', derivation: 'hmac' } as const

  return {
    name,
    async read(request) {
      const value = cookie.read(request.cookie)
      const sid = value === null || secrets === null ? value : unsign(value, secrets, signing)
      // An id is part of the store's key: nothing that could lead to another kind of key there, nothing to be guessed.
      if (sid === null || !/^[\w-]{22,256}$/.test(sid)) return null
      const record = await options.read(`${prefix}${sid}`)
      const data = record === null ? null : readFlaskRecord(record)
      if (data === null) return null
      return {
        ...{ transport: name, user: userIn(data, userKey), data, proof: proofOf(name, sid) },
        ...{ issuedAt: null, expiresAt: null },
      }
    },
    clear: () => [cookie.clear()],
  }
}

/** The session in a record of any of the three formats; `null` for what is none, or is no plain data. */
export function readFlaskRecord(record: Uint8Array): ImportedRecord | null {
  if (record.length === 0 || record.length > largest) return null
  const value = json(record) ?? msgpack(record) ?? readPickle(record)
  return value !== undefined && isRecord(value) ? value : null
}

/** Only of what begins like a record of JSON: texts within msgpack are the visitors' own. */
function json(record: Uint8Array): ImportedValue | undefined {
  const first = record.find((byte) => byte !== 0x20 && (byte < 0x09 || byte > 0x0d))
  return first === 0x7b ? readPlainJson(fromUtf8(record)) : undefined
}

function msgpack(record: Uint8Array): ImportedValue | undefined {
  if (!isWholeMsgpack(record, deepest)) return undefined
  try {
    return plain(decode(record, { useBigInt64: true }), 0)
  } catch {
    return undefined
  }
}

/** What msgspec writes, and nothing else that msgpack could hold; `undefined` for that. */
function plain(value: unknown, depth: number): ImportedValue | undefined {
  if (depth > deepest) return undefined
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value
  if (value === null || typeof value === 'boolean' || typeof value === 'number' || typeof value === 'string')
    return value
  if (value instanceof Date || value instanceof Uint8Array) return value
  if (Array.isArray(value)) {
    const items = value.map((item) => plain(item, depth + 1))
    return items.every((item) => item !== undefined) ? items : undefined
  }
  // Extensions of unknown kinds come as a class of their own.
  if (typeof value !== 'object' || Object.getPrototypeOf(value) !== Object.prototype) return undefined
  const entries = Object.entries(value).map(([key, item]) => [key, plain(item, depth + 1)] as const)
  return entries.every(([, item]) => item !== undefined)
    ? (Object.fromEntries(entries) as ImportedRecord)
    : undefined
}
