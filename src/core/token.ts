/**
 * The credential a client holds. `v1.<kid>.<token>.<mac>`: it names a session that was made at sign-in.
 * `a1.<kid>.<issued>.<token>.<mac>`: a page that runs was given it, and it alone may start an (anonymous) session.
 * The MAC refuses garbage without store I/O; it covers the class, so that one class never passes for the other.
 */
import { digest, equal, fromBase64url, hmac, random, toBase64url } from './crypto.ts'
import type { Keyring } from './keyring.ts'

/** What a credential that verified says. */
export interface Token {
  readonly kind: 'signed-in' | 'anonymous'
  readonly secret: Uint8Array
  /** When an anonymous credential was issued; `null` for the other kind, whose record says it. */
  readonly issuedAt: number | null
}

/** Issues and verifies credentials of one key ring. */
export interface TokenMint {
  /** A new token of 32 random bytes. */
  issue(kind: Token['kind'], now: number): Token
  /** The credential that carries the token, at most 128 characters of `[A-Za-z0-9._-]`. */
  write(token: Token): string
  /** The token in a credential; `null` for anything this key ring did not write. Never throws. */
  read(credential: string): Token | null
  /** The store's key of a token: a one-way image that is no use as a credential. */
  id(token: Token): string
}

const tokenBytes = 32
const macBytes = 16
/** No credential we write is longer; nothing that is longer need be hashed. */
export const longestCredential = 128

/** `app` tells apps that share a store apart: the credential of one is garbage to another. */
export function tokenMint(keyring: Keyring, app: string = ''): TokenMint {
  const macKeys = {
    'signed-in': keyring.key(`mac/v1|${app}`),
    anonymous: keyring.key(`mac/a1|${app}`),
  } as const

  const mac = (kind: Token['kind'], text: string): Uint8Array =>
    hmac(macKeys[kind], text).subarray(0, macBytes)

  const body = (token: Token): string => {
    const secret = toBase64url(token.secret)
    if (token.kind === 'signed-in') return `v1.${keyring.kid}.${secret}`
    return `a1.${keyring.kid}.${(token.issuedAt ?? 0).toString(36)}.${secret}`
  }

  return {
    issue: (kind, now) => ({ kind, secret: random(tokenBytes), issuedAt: kind === 'anonymous' ? now : null }),

    write(token) {
      const text = body(token)
      return `${text}.${toBase64url(mac(token.kind, text))}`
    },

    read(credential) {
      if (credential.length > longestCredential) return null
      const parts = credential.split('.')
      const kind = classOf(parts)
      if (kind === null || parts[1] !== keyring.kid) return null
      const tag = fromBase64url(parts.at(-1) ?? '')
      const text = credential.slice(0, credential.lastIndexOf('.'))
      if (tag === null || !equal(tag, mac(kind, text))) return null
      return parse(kind, parts)
    },

    id: (token) => toBase64url(keyring.fromToken(token.secret, `id/${token.kind}/v1`)),
  }
}

/** The digest under which a verified session is kept in memory; `''`, which is none, of what is too long for a credential. */
export function credentialDigest(credential: string): string {
  return credential.length > longestCredential ? '' : digest(credential)
}

function parse(kind: Token['kind'], parts: readonly string[]): Token | null {
  const secret = fromBase64url(parts.at(-2) ?? '')
  if (secret === null || secret.length !== tokenBytes) return null
  if (kind === 'signed-in') return { kind, secret, issuedAt: null }
  const issuedAt = Number.parseInt(parts[2] ?? '', 36)
  return Number.isSafeInteger(issuedAt) ? { kind, secret, issuedAt } : null
}

function classOf(parts: readonly string[]): Token['kind'] | null {
  if (parts[0] === 'v1' && parts.length === 4) return 'signed-in'
  if (parts[0] === 'a1' && parts.length === 5) return 'anonymous'
  return null
}
