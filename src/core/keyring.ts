/**
 * One random root key lives in the store, wrapped under server secrets; all other keys derive from it. So a secret
 * can be replaced without a sign-out, and a dump of the store opens nothing without a secret.
 */
import type { SessionStore } from './contracts.ts'
import { derive, fromBase64url, fromUtf8, hmac, open, random, seal, toBase64url, toUtf8 } from './crypto.ts'
import { ConfigError, StoreError } from './errors.ts'

/** The keys of one store. Opaque: printing or serialising it shows nothing. */
export interface Keyring {
  /** Names the root key inside tokens; 8 characters. */
  readonly kid: string
  /** A 32-byte key for one purpose; the same on every replica, for the life of the store. */
  key(purpose: string): Uint8Array
  /** A 32-byte key from a token and the store's pepper: without the root key a leaked token yields nothing. */
  fromToken(token: Uint8Array, purpose: string): Uint8Array
  /** The root key as the store keeps it, wrapped under these secrets: for a store that has lost it. */
  wrapped(secrets: readonly string[]): Uint8Array
}

interface Wrap {
  /** Which secret: a keyed image of it, so that the right one is found without trying all. */
  readonly by: string
  readonly box: string
}

interface Box {
  readonly v: 1
  readonly kid: string
  readonly wraps: readonly Wrap[]
}

const salt = toUtf8('holdfast')
const minimumSecretBytes = 32
const attempts = 5

/**
 * Refuses secrets that could be guessed: shorter than 32 bytes, or with fewer than 10 different characters.
 * Throws `ConfigError` (`ERR_SECRET_WEAK`); the message never holds the secret.
 */
export function checkSecrets(secrets: readonly string[]): void {
  if (secrets.length === 0) {
    throw new ConfigError(
      'ERR_SECRET_WEAK',
      'No secret was given. Set HOLDFAST_SECRET to at least 32 random bytes.',
    )
  }
  for (const [index, secret] of secrets.entries()) {
    if (toUtf8(secret).length >= minimumSecretBytes && new Set(secret).size >= 10) continue
    throw new ConfigError(
      'ERR_SECRET_WEAK',
      `Secret number ${index + 1} of ${secrets.length} is too weak: it needs at least 32 bytes and 10 different ` +
        `characters${secrets.length > 1 ? ' (a comma begins the next one)' : ''}. Make one with: node -p "crypto.randomBytes(32).toString('base64url')"`,
    )
  }
}

/**
 * Opens the store's key ring with any of the secrets, newest first; makes one in a store that has none. If the newest
 * secret has not wrapped the root key yet it does so now, so that the older ones may be dropped at the next deploy.
 * Throws `ConfigError` `ERR_SECRET_WEAK`, or `ERR_SECRET_UNKNOWN` if none of the secrets opens it.
 */
export async function openKeyring(store: SessionStore, secrets: readonly string[]): Promise<Keyring> {
  // Only the newest: an older one that was dropped, perhaps because it leaked, must not come back by being listed still.
  return changeRing(store, secrets, { wrapUnder: secrets.slice(0, 1), keepOthers: true })
}

/**
 * As `openKeyring`, then leaves wraps under exactly the given secrets: the others open this store no more. The root key
 * stays, so who has both a dropped secret and a copy of the store from before still has the keys.
 */
export async function rotateSecrets(store: SessionStore, secrets: readonly string[]): Promise<Keyring> {
  return changeRing(store, secrets, { wrapUnder: secrets, keepOthers: false })
}

async function changeRing(
  store: SessionStore,
  secrets: readonly string[],
  { wrapUnder, keepOthers }: { readonly wrapUnder: readonly string[]; readonly keepOthers: boolean },
): Promise<Keyring> {
  checkSecrets(secrets)
  const wanted = byName(wrapUnder)
  for (let attempt = 0; attempt < attempts; attempt++) {
    const stored = await store.readKeyring()
    if (stored === null) {
      const root = random(32)
      const kid = toBase64url(random(6))
      const made = ring(kid, root)
      if (await store.writeKeyring(null, made.wrapped(secrets))) return made
      continue
    }
    const box = decode(stored.box)
    const root = unwrap(box, secrets)
    const present = new Set(box.wraps.map(({ by }) => by))
    const missing = [...wanted].filter(([name]) => !present.has(name))
    const kept = keepOthers ? box.wraps : box.wraps.filter(({ by }) => wanted.has(by))
    const wraps = [...missing.map(([, secret]) => wrap(root, box.kid, secret)), ...kept]
    if (missing.length === 0 && kept.length === box.wraps.length) return ring(box.kid, root)
    if (await store.writeKeyring(stored.version, encode({ ...box, wraps }))) return ring(box.kid, root)
  }
  throw new StoreError(
    'ERR_STORE_TIMEOUT',
    `The key ring was changed by others ${attempts} times while this process tried to write it. Start again.`,
  )
}

/** Which root key a box of the store holds: its `kid`. Throws `StoreError` `ERR_STORE_CORRUPT` for what is no box. */
export function keyringId(box: Uint8Array): string {
  return decode(box).kid
}

function byName(secrets: readonly string[]): ReadonlyMap<string, string> {
  return new Map(secrets.map((secret) => [secretName(secret), secret]))
}

function ring(kid: string, root: Uint8Array): Keyring {
  const pepper = derive(root, salt, 'pepper/v1')
  const keys = new Map<string, Uint8Array>()
  return {
    kid,
    key(purpose) {
      let key = keys.get(purpose)
      if (key === undefined) {
        key = derive(root, salt, purpose)
        keys.set(purpose, key)
      }
      return key
    },
    fromToken: (token, purpose) => derive(token, pepper, purpose),
    wrapped(secrets) {
      const wraps = [...byName(secrets).values()].map((secret) => wrap(root, kid, secret))
      return encode({ v: 1, kid, wraps })
    },
  }
}

function secretName(secret: string): string {
  return toBase64url(hmac(derive(toUtf8(secret), salt, 'name/v1'), 'secret').subarray(0, 12))
}

function wrap(root: Uint8Array, kid: string, secret: string): Wrap {
  const box = seal(derive(toUtf8(secret), salt, 'wrap/v1'), root, `root/v1|${kid}`)
  return { by: secretName(secret), box: toBase64url(box) }
}

function unwrap(box: Box, secrets: readonly string[]): Uint8Array {
  let damaged = false
  for (const secret of secrets) {
    const name = secretName(secret)
    const found = box.wraps.find(({ by }) => by === name)
    if (found === undefined) continue
    const sealed = fromBase64url(found.box)
    const root =
      sealed === null ? null : open(derive(toUtf8(secret), salt, 'wrap/v1'), sealed, `root/v1|${box.kid}`)
    if (root !== null && root.length === 32) return root
    damaged = true
  }
  // The secret is right: "use a new store" would be the wrong advice.
  if (damaged) throw corrupt()
  throw new ConfigError(
    'ERR_SECRET_UNKNOWN',
    'None of the given secrets opens this store: it was made with another one. Put the secret it was made with into ' +
      'HOLDFAST_SECRET (after the new one, separated by a comma), or use a new store.',
  )
}

function encode(box: Box): Uint8Array {
  return toUtf8(JSON.stringify(box))
}

function decode(bytes: Uint8Array): Box {
  let value: unknown
  try {
    value = JSON.parse(fromUtf8(bytes))
  } catch {
    throw corrupt()
  }
  if (!isBox(value)) throw corrupt()
  return value
}

function corrupt(): StoreError {
  return new StoreError(
    'ERR_STORE_CORRUPT',
    'The key ring in the store cannot be read. Restore the store from a backup.',
  )
}

function isBox(value: unknown): value is Box {
  if (typeof value !== 'object' || value === null) return false
  const box = value as Partial<Box>
  if (
    box.v !== 1 ||
    typeof box.kid !== 'string' ||
    !/^[\w-]{8}$/.test(box.kid) ||
    !Array.isArray(box.wraps)
  ) {
    return false
  }
  return box.wraps.every((one: Partial<Wrap>) => typeof one?.by === 'string' && typeof one.box === 'string')
}
