import { randomBytes } from 'node:crypto'
import type { SessionStore, StoredSession } from '../core/contracts.ts'

/** Where the clock of every store under test starts: 2026-01-02T03:04:05Z. */
export const startAt = 1_767_323_045_000
export const hour = 3_600_000
export const day = 86_400_000

export function newId(): string {
  return randomBytes(32).toString('base64url')
}

export function newSid(): string {
  return randomBytes(16).toString('base64url')
}

export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

export function text(value: Uint8Array | undefined): string | null {
  return value === undefined ? null : new TextDecoder().decode(value)
}

/** A session that nothing is known of, made at the start of the clock and begun before any revocation, with a day to live. */
export function record(fields: Partial<StoredSession> = {}): StoredSession {
  return {
    id: newId(),
    sid: newSid(),
    user: newSid(),
    begun: 0,
    createdAt: startAt,
    idleAt: startAt + 12 * hour,
    absoluteAt: startAt + day,
    version: 1,
    sealed: randomBytes(64),
    key: randomBytes(60),
    ...fields,
  }
}

/** What a sign-in that begins now bears: no revocation that there was covers it. */
export async function begunNow(store: SessionStore): Promise<number> {
  return (await store.mark(null)).number
}

/** The successor of a session, as a rotation makes it. */
export function successorOf(session: StoredSession, fields: Partial<StoredSession> = {}): StoredSession {
  return { ...session, id: newId(), version: session.version + 1, key: randomBytes(60), ...fields }
}

/** A session the store has accepted. */
export async function created(
  store: SessionStore,
  fields: Partial<StoredSession> = {},
): Promise<StoredSession> {
  const session = record(fields)
  const creation = await store.create(session)
  if (creation !== 'created') throw new Error(`A new session was refused as ${creation}.`)
  return session
}

/** The successor of a session the store has rotated. */
export async function rotated(store: SessionStore, session: StoredSession): Promise<StoredSession> {
  const next = successorOf(session)
  if (!(await store.rotate(session.id, session.version, next, bytes('sealed token')))) {
    throw new Error('A rotation was refused.')
  }
  return next
}

/** The record of a live session; throws if it is not live. */
export async function liveOf(store: SessionStore, id: string): Promise<StoredSession> {
  const found = await store.read(id)
  if (found?.state !== 'live') throw new Error(`Not live: ${found === null ? 'unknown' : found.state}.`)
  return found.session
}
