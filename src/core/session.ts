/** A session as the code that serves requests sees it, and its sealed form. */
import type { Identity, Json, StoredSession } from './contracts.ts'
import { fromUtf8, open, seal, toUtf8 } from './crypto.ts'
import type { Keyring } from './keyring.ts'

/** Where a session is used: shown to its owner, sealed in the store. */
export interface Device {
  /** The browser's User-Agent header, cut to 256 characters. */
  readonly userAgent: string
  readonly address: string
}

/** One verified session. Plain data; only `idleAt` moves while it lives. */
export interface Session {
  /** Which app of the store it belongs to. */
  readonly app: string
  readonly sid: string
  readonly id: string
  /** `null` while anonymous. */
  readonly identity: Identity | null
  /** Keyed pseudonym of the user; `null` while anonymous. */
  readonly user: string | null
  /** What tells the revocations that came before it from those after: `StoredSession.begun`. */
  readonly begun: number
  readonly device: Device
  readonly remember: boolean
  readonly createdAt: number
  /** When they last signed in, or showed their password or came from their provider anew; `null` while anonymous. */
  readonly authenticatedAt: number | null
  /** When a second factor, or a passkey, was last checked; `null` if none ever was. */
  readonly factorAt: number | null
  /** When its present token was issued. */
  readonly tokenAt: number
  /** The idle window in milliseconds. */
  readonly idle: number
  idleAt: number
  readonly absoluteAt: number
  /** 0 while nothing is stored of it. */
  readonly version: number
}

/** When the owner of a session showed anew who they are. */
export type Shown = Partial<Pick<Session, 'authenticatedAt' | 'factorAt'>>

/** What is sealed for servers inside a record. */
export interface SealedPart {
  readonly app: string
  readonly identity: Identity | null
  readonly device: Device
  readonly remember: boolean
  readonly authenticatedAt: number | null
  /** Not in rows from before there were second factors. */
  readonly factorAt?: number | null
  readonly tokenAt: number
  readonly idle: number
}

type Bound = Pick<StoredSession, 'id' | 'sid' | 'user' | 'createdAt' | 'absoluteAt' | 'version'>

// Lengths of sealed boxes would tell names apart.
const bucket = 256

/** Seals the part that servers read, bound to the record it belongs to. */
export function sealSession(keyring: Keyring, bound: Bound, part: SealedPart): Uint8Array {
  const text = JSON.stringify(part)
  const padding = ' '.repeat((bucket - (toUtf8(text).length % bucket)) % bucket)
  return seal(keyring.key('session/v1'), toUtf8(text + padding), binding(bound))
}

/** The session in a record; `null` if it does not open under its own identifiers, or is not what we sealed. */
export function openSession(keyring: Keyring, stored: StoredSession): Session | null {
  const plain = open(keyring.key('session/v1'), stored.sealed, binding(stored))
  if (plain === null) return null
  const part = parse(fromUtf8(plain))
  if (part === null) return null
  const { id, sid, user, begun, createdAt, idleAt, absoluteAt, version } = stored
  const factorAt = part.factorAt ?? null
  return { ...part, factorAt, id, sid, user, begun, createdAt, idleAt, absoluteAt, version }
}

/** The roles in an identity's claims; anything else than a list of texts is no role. */
export function rolesOf(identity: Identity | null): readonly string[] {
  const roles: Json | undefined = identity?.claims.roles
  return Array.isArray(roles) ? roles.filter((role): role is string => typeof role === 'string') : []
}

function binding(bound: Bound): string {
  const { id, sid, version, createdAt, absoluteAt, user } = bound
  // `begun` is not among them: who writes to the store could as well remove the revocations it is held against.
  // The id too: else who writes to the store puts another's record under the id of a token of their own.
  // Nothing we seal holds a '|', so no two records share a binding.
  return `session/v1|${id}|${sid}|${version}|${createdAt}|${absoluteAt}|${user === null ? '' : `user ${user}`}`
}

function parse(text: string): SealedPart | null {
  try {
    return JSON.parse(text) as SealedPart
  } catch {
    return null
  }
}
