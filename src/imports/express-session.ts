/** Express-session: a signed id in the cookie, the session as JSON in a store. */
import { equal } from '../core/crypto.ts'
import type { ImportedRecord, ImportTransport } from './import-transport.ts'
import { type OldCookieOptions, oldCookie, percentDecoded } from './old-cookie.ts'
import { type OldSecret, oldHmac, proofOf, secretsOf } from './old-secret.ts'
import { isRecord, readPlainJson } from './plain-json.ts'
import { userIn } from './user-key.ts'

/** The middleware as it was made, and its store. */
export interface ExpressSessionOptions extends OldCookieOptions {
  readonly secret: OldSecret
  /** The record under a key of the old store as it is there, `null` if there is none. Rejects when it cannot tell. */
  readonly read: (key: string) => Promise<string | null>
  /** What the store puts before the id; connect-redis `sess:`. @default 'sess:' */
  readonly prefix?: string
  /** Under which name, or path of names, the app kept who is signed in. @default 'passport.user' */
  readonly userKey?: string
}

/** Reads the cookie `connect.sid` and the record it names. */
export function expressSession(options: ExpressSessionOptions): ImportTransport {
  const name = 'express-session'
  const secrets = secretsOf(options.secret, name)
  const cookie = oldCookie(options, 'connect.sid')
  const { prefix = 'sess:', userKey = 'passport.user' } = options

  return {
    name,
    async read(request, now) {
      const sid = signedId(percentDecoded(cookie.read(request.cookie) ?? '') ?? '', secrets)
      const text = sid === null ? null : await options.read(`${prefix}${sid}`)
      const record = text === null ? undefined : readPlainJson(text)
      if (sid === null || record === undefined || !isRecord(record)) return null
      const times = timesOf(record)
      if (times === null || (times.expiresAt !== null && now >= times.expiresAt)) return null
      const { cookie: _, ...data } = record
      return {
        ...{ transport: name, user: userIn(data, userKey), data, proof: proofOf(name, sid) },
        ...times,
      }
    },
    clear: () => [cookie.clear()],
  }
}

/** The id in `s:<id>.<HMAC-SHA256 in base64 without padding>`. */
function signedId(value: string, secrets: readonly string[]): string | null {
  const dot = value.lastIndexOf('.')
  const id = value.slice(2, dot)
  // An id is part of the store's key: nothing that could lead to another kind of key there.
  if (!value.startsWith('s:') || !/^[\w-]{16,256}$/.test(id)) return null
  const given = Buffer.from(value.slice(dot + 1), 'utf8')
  const valid = (secret: string): Uint8Array =>
    Buffer.from(
      Buffer.from(oldHmac('sha256', secret, id))
        .toString('base64')
        .replace(/=+$/, ''),
      'utf8',
    )
  return secrets.some((secret) => equal(valid(secret), given)) ? id : null
}

interface Times {
  readonly issuedAt: number | null
  readonly expiresAt: number | null
}

/** When the record was last prolonged and when it ends; `null` where it says that in a way nobody writes. */
function timesOf(record: ImportedRecord): Times | null {
  const { cookie } = record
  if (!isRecord(cookie)) return null
  const { expires = null, originalMaxAge = null } = cookie
  if (expires === null) return { issuedAt: null, expiresAt: null }
  const expiresAt = typeof expires === 'string' ? Date.parse(expires) : Number.NaN
  if (Number.isNaN(expiresAt)) return null
  return { issuedAt: typeof originalMaxAge === 'number' ? expiresAt - originalMaxAge : null, expiresAt }
}
