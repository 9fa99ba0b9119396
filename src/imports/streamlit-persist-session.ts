/** streamlit-persist-session: an id with its HMAC in the cookie, the pickled state object in a file. */
import { equal } from '../core/crypto.ts'
import { ConfigError } from '../core/errors.ts'
import type { ImportedRecord, ImportTransport } from './import-transport.ts'
import { type OldCookieOptions, oldCookie } from './old-cookie.ts'
import { oldHmac, proofOf } from './old-secret.ts'
import { readPickle } from './pickle.ts'
import { isRecord } from './plain-json.ts'
import { userIn } from './user-key.ts'

/** Where the key and the files lie. */
export interface PersistSessionOptions extends OldCookieOptions {
  /** The bytes of `streamlit_cookie_secret.key`. */
  readonly secret: Uint8Array
  /** The `cookie_key` that `@persist` was given. */
  readonly cookie: string
  /** The file of this name in the old folder, `null` if there is none. Rejects when it cannot tell. */
  readonly read: (name: string) => Promise<Uint8Array | null>
  /** The attribute that says who is signed in, if any does. @default 'username' */
  readonly userKey?: string
}

/** Reads the cookie and the file it names. The file's class is never built: only plain attributes are read. */
export function persistSession(options: PersistSessionOptions): ImportTransport {
  const name = 'streamlit-persist-session'
  if (options.secret.length < 16)
    throw new ConfigError(
      'ERR_CONFIG_INVALID',
      `import ${name}: the secret is the whole content of its key file.`,
    )
  const cookie = oldCookie(options, options.cookie)

  return {
    name,
    async read(request) {
      const uuid = signedUuid(cookie.read(request.cookie) ?? '', options.secret)
      const file = uuid === null ? null : await options.read(uuid)
      const value = file === null ? undefined : readPickle(file, { instance: true })
      if (uuid === null || value === undefined || !isRecord(value)) return null
      const data = attributes(value)
      return {
        ...{ transport: name, user: userIn(data, options.userKey ?? 'username'), data },
        ...{ proof: proofOf(name, uuid), issuedAt: null, expiresAt: null },
      }
    },
    clear: () => [cookie.clear()],
  }
}

/** The id in `<uuid4>.<HMAC-SHA256 in hex>`, in the one form that is written: it is the name of a file. */
function signedUuid(value: string, secret: Uint8Array): string | null {
  const form = /^([0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12})\.([0-9a-f]{64})$/
  const [, uuid, signature] = form.exec(value) ?? []
  if (uuid === undefined || signature === undefined) return null
  return equal(oldHmac('sha256', secret, uuid), Buffer.from(signature, 'hex')) ? uuid : null
}

/** What the app kept: the library's own attributes begin with an underscore. */
function attributes(value: ImportedRecord): ImportedRecord {
  return Object.fromEntries(Object.entries(value).filter(([key]) => !key.startsWith('_')))
}
